import { describe, expect, test } from "vitest"
import { figure2 } from "../../src/raft/Server.ts"
import type { Configuration } from "../../src/shell/Configuration.ts"
import { serverIds } from "../cluster/Cluster.ts"
import { Simulation } from "./Simulation.ts"

const configuration = (servers: number): Configuration => ({
  servers: serverIds(servers),
  electionTimeout: { min: 100, max: 200 },
  heartbeatInterval: 50,
  maxRaftStateBytes: -1,
  settings: figure2
})

/** When each server's timer fires first and then again, in a network that carries nothing. */
const timeouts = (servers: number, seed: number): ReadonlyArray<ReadonlyArray<number>> => {
  const fired = new Map<string, Array<number>>(serverIds(servers).map((id) => [id, []]))
  const simulation = new Simulation(configuration(servers), seed, ({ action, server }) => {
    if (action === "TimeoutAction") fired.get(server)!.push(simulation.clock.now)
  })
  for (const id of simulation.cluster.ids) simulation.network.disconnect(id)
  simulation.clock.run(function*() {
    yield 500
  }())
  return [...fired.values()].map((times) => [times[0]!, times[1]! - times[0]!])
}

describe("Election timeouts", () => {
  const all = Array.from({ length: 200 }, (_, seed) => timeouts(3, seed))

  test("RP-12 RP-13: of followers and of candidates are spread over all that is allowed, and never outside", () => {
    for (const nth of [0, 1]) {
      const waited = all.flatMap((servers) => servers.map((times) => times[nth]!))
      expect(Math.min(...waited)).toBeGreaterThanOrEqual(100)
      expect(Math.min(...waited)).toBeLessThan(102)
      expect(Math.max(...waited)).toBeGreaterThan(198)
      expect(Math.max(...waited)).toBeLessThan(200)
    }
  })

  test("RP-14 RP-15: of different servers are rarely close to each other", () => {
    for (const nth of [0, 1]) {
      const close = all.filter((servers) => {
        const times = servers.map((each) => each[nth]!).toSorted((a, b) => a - b)
        return times[1]! - times[0]! < 5
      })
      // Three times in a spread of 100: the first two are closer than 5 in 1 - 0.95 ** 3 of all cases.
      expect(close.length / all.length).toBeLessThan(0.25)
    }
  })
})

test("One server with other settings does what the others count on not happening, so mixed settings are refused", () => {
  const preVote = { ...figure2, preVote: true }
  /** Whether the leader is still the same after s-other was cut off for a while and came back. */
  const undisturbed = (own: typeof figure2): boolean => {
    const simulation = new Simulation({ ...configuration(3), settings: preVote }, 1)
    const { clock, cluster, network } = simulation
    const pass = (time: number) =>
      void clock.run(function*() {
        yield time
      }())
    pass(1000)
    const leader = cluster.ids.find((id) => cluster.servers.get(id)!.role === "leader")!
    const term = cluster.servers.get(leader)!.currentTerm
    const other = cluster.ids.find((id) => id !== leader)!
    // Past the check at the start.
    cluster.servers.set(other, { ...cluster.servers.get(other)!, settings: own })
    network.disconnect(other)
    pass(1000)
    network.connect(other)
    pass(1000)
    return cluster.servers.get(leader)!.currentTerm === term
  }
  expect(undisturbed(preVote)).toBe(true)
  expect(undisturbed(figure2)).toBe(false)
})
