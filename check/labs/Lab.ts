/** A scenario of the labs, of the papers or of other implementations, as data: tests, `check` and `lockstep labs` run it. */
import { figure2 } from "../../src/raft/Server.ts"
import type { Settings } from "../../src/raft/Server.ts"
import type { Configuration } from "../../src/shell/Configuration.ts"
import { serverIds } from "../cluster/Cluster.ts"
import type { Cluster, Taken } from "../cluster/Cluster.ts"
import type { Process } from "../simulator/Clock.ts"
import { Harness } from "../simulator/Harness.ts"

export type Observer = (taken: Taken, cluster: Cluster) => void

export interface Lab {
  /** As in check/labs/README.md. */
  readonly id: string
  /** What it claims. */
  readonly title: string
  /**
   * What it runs on: the rules alone (check/simulator) or replicas at work (check/runtime), and each seed makes another run.
   * Statistics make many trials from one.
   */
  readonly kind: "rules" | "replicas" | "statistic"
  /** Runs it, and gives what it measured, in words; throws a `LabFailure`. With the rules alone it shows each step. */
  readonly run: (seed: number, observe?: Observer) => string
}

/** What a lab found wrong, and how to see it again. */
export class LabFailure extends Error {
  /** What doesn't hold, in a line. */
  readonly claim: string

  constructor(lab: Pick<Lab, "id" | "title">, seed: number, claim: string, lastSteps: string) {
    super(
      `${lab.id} ${lab.title}\n  fails with seed ${seed}: ${claim}\n`
        + `  again: lockstep labs --only ${lab.id} --seed ${seed}\n${lastSteps}`
    )
    this.claim = claim
  }
}

/**
 * As the labs advise: a heartbeat ten times a second at most, and timeouts that leave room for several elections in 5 s.
 * Milliseconds.
 */
export const configuration = (servers: number, settings: Partial<Settings> = {}): Configuration => ({
  servers: serverIds(servers),
  electionTimeout: { min: 300, max: 600 },
  heartbeatInterval: 100,
  maxRaftStateBytes: -1,
  settings: { ...figure2, chunkSize: 4, ...settings }
})

/** Whatever the seed, a scenario must do with and without these. */
const settingsOf = (seed: number): Partial<Settings> => ({ preVote: (seed & 1) === 1, checkQuorum: (seed & 2) === 2 })

/** A test of the labs may take so long, in virtual milliseconds. */
export const limit = 120_000

export interface Options {
  /** Settings that the story is about; otherwise the seed chooses. */
  readonly settings?: Partial<Settings>
  /** Another configuration than the usual one. */
  readonly configuration?: (usual: Configuration) => Configuration
}

/** What a scenario runs with. */
export const usualConfiguration = (
  servers: number,
  seed: number,
  { configuration: change = (usual) => usual, settings }: Options
): Configuration => change(configuration(servers, { ...settingsOf(seed), ...settings }))

/** A story told to a cluster of `servers`, with every property checked after every event. */
export const scenario = (
  id: string,
  title: string,
  servers: number,
  story: (h: Harness) => Process<string | void>,
  options: Options = {}
): Lab => ({
  id,
  title,
  kind: "rules",
  run: (seed, observe) => {
    const h = new Harness(usualConfiguration(servers, seed, options), seed, observe)
    try {
      const ended = h.simulation.clock.run(function*() {
        return { measured: (yield* story(h)) ?? "" }
      }(), limit)
      h.expect(ended !== undefined, `over within ${limit / 1000} s`)
      h.finish()
      return ended!.measured
    } catch (error) {
      throw new LabFailure({ id, title }, seed, error instanceof Error ? error.message : String(error), h.lastSteps())
    }
  }
})

/** Many trials of one thing, and what they say together; `measure` throws when it isn't what it should be. */
export const statistic = (id: string, title: string, measure: (seed: number) => string): Lab => ({
  id,
  title,
  kind: "statistic",
  run: (seed) => {
    try {
      return measure(seed)
    } catch (error) {
      throw new LabFailure({ id, title }, seed, error instanceof Error ? error.message : String(error), "")
    }
  }
})
