import * as Result from "effect/Result"
import { describe, expect, test } from "vitest"
import { figure2 } from "../../src/raft/Server.ts"
import { ConfigurationError, readConfiguration } from "../../src/shell/Configuration.ts"
import type { Configuration } from "../../src/shell/Configuration.ts"
import { Simulation } from "./Simulation.ts"

const good: Configuration = {
  servers: ["s1", "s2", "s3"],
  electionTimeout: { min: 150, max: 300 },
  heartbeatInterval: 50,
  maxRaftStateBytes: -1,
  settings: figure2
}

/** The one line that says what is wrong; "" if nothing is. */
const complaint = (input: unknown): string => {
  const read = readConfiguration(input)
  return Result.isFailure(read) ? read.failure.message : ""
}

describe("A configuration", () => {
  test("that is well formed is read as it is", () => {
    expect(Result.getOrThrow(readConfiguration(good))).toEqual(good)
  })

  const timeouts = (min: number, max: number) => ({ ...good, electionTimeout: { min, max } })
  const cases: ReadonlyArray<readonly [claim: string, input: unknown, line: string]> = [
    ["without servers", { ...good, servers: [] }, "servers: expected at least one server"],
    ["with a server twice", { ...good, servers: ["s1", "s2", "s1"] }, "servers: s1 is there twice"],
    ["with servers in disorder", { ...good, servers: ["s2", "s1"] }, "servers: expected sorted ids"],
    ["with an id that isn't one", { ...good, servers: ["s1", "node2"] }, "servers.1: expected an id like s1"],
    ["whose timeout is the heartbeat interval", timeouts(50, 300), "electionTimeout.min: 50 is not more than heartbeatInterval, 50"],
    ["whose timeout is less than the heartbeat interval", timeouts(20, 300), "electionTimeout.min: 20 is not more than heartbeatInterval, 50"],
    ["whose timeouts are the wrong way round", timeouts(300, 150), "electionTimeout.max: 150 is less than min, 300"],
    ["with a timeout of no time", timeouts(0, 300), "electionTimeout.min: expected milliseconds, more than 0"],
    ["with a heartbeat that never comes", { ...good, heartbeatInterval: Infinity }, "heartbeatInterval: expected milliseconds, more than 0"],
    ["with an empty window", { ...good, settings: { ...figure2, maxInflight: 0 } }, "settings.maxInflight: expected at least 1"],
    ["with an empty batch", { ...good, settings: { ...figure2, maxBatchBytes: 0 } }, "settings.maxBatchBytes: expected at least 1"],
    ["with a log of less than nothing", { ...good, maxRaftStateBytes: -2 }, "maxRaftStateBytes: expected bytes, or -1 for never"],
    ["with empty chunks", { ...good, settings: { ...figure2, chunkSize: 0 } }, "settings.chunkSize: expected at least 1"],
    ["that lets nothing be uncommitted", { ...good, settings: { ...figure2, maxUncommittedBytes: 0 } }, "settings.maxUncommittedBytes: expected at least 1"],
    ["that isn't one", "s1,s2,s3", "Expected object"]
  ]
  for (const [claim, input, line] of cases) {
    test(`${claim} is refused in one line`, () => expect(complaint(input)).toBe(`configuration: ${line}`))
  }

  test("with several faults names them all", () => {
    expect(complaint({ ...good, servers: [], heartbeatInterval: 0 })).toBe(
      "configuration: servers: expected at least one server; heartbeatInterval: expected milliseconds, more than 0"
    )
  })

  test("that is bad keeps a cluster from starting, and so does a server with another one", () => {
    expect(() => new Simulation({ ...good, servers: [] }, 1)).toThrow(ConfigurationError)
    const simulation = new Simulation(good, 1)
    simulation.crash("s2")
    expect(() => simulation.restart("s2", { ...good, settings: { ...figure2, preVote: true } })).toThrow(
      new ConfigurationError({ problems: [{ field: "settings.preVote", reason: "s2 has true, s1 has false" }] })
    )
    expect(simulation.isUp("s2")).toBe(false)
  })
})
