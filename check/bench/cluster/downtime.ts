/**
 * How long a cluster does without a leader when the one it has is killed: `node check/bench/cluster/downtime.ts`, after
 * `just build`.
 *
 *     --kills N   for each range of election timeouts (100)
 *     --json      one JSON document on the standard output
 *
 * A client writes all the time (Writer.ts). The leader is killed (SIGKILL); from then until another server acknowledges
 * a write is the time that counts. Then the killed server starts again, and once all have applied the same, the next
 * kill comes, at any moment between two heartbeats. Writes downtime.svg: Figure 16 of the paper, of real processes and
 * disks.
 *
 * Exit codes: 0 the medians are at most twice the shortest election timeout; 1 one is not; 2 bad usage; 3 not measured.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { percentile } from "../../labs/statistics.ts"
import { Cluster } from "./Cluster.ts"
import type { Member } from "./Cluster.ts"
import { positive, program, progress } from "./commandLine.ts"
import { lockstep } from "./kinds.ts"
import { chart, colours, ticksTo } from "./plot.ts"
import { makeWriter } from "./Writer.ts"

/** The paper's range, and what a cluster file has that doesn't say (ClusterFile.ts); milliseconds. */
const ranges = [
  { electionTimeout: { min: 150, max: 300 }, heartbeatInterval: 50 },
  { electionTimeout: { min: 300, max: 600 }, heartbeatInterval: 60 }
]
type Range = typeof ranges[number]

/** Times without a leader, sorted. */
interface Downtimes extends Range {
  readonly times: ReadonlyArray<number>
  readonly median: number
  readonly p90: number
  readonly max: number
  readonly met: boolean
}

/** Milliseconds. */
const patience = 30_000

/** No cluster should need so long: something is broken. */
class NoAnswer extends Data.TaggedError("NoAnswer")<{ readonly from: string }> {
  override readonly message = `within ${patience / 1000} s ${this.from} acknowledges a write`
}

const nameOf = ({ electionTimeout: { max, min } }: Range) => `${min}–${max} ms`

const downtimes = Effect.fnUntraced(function*(range: Range, kills: number) {
  const cluster = yield* Effect.acquireRelease(
    Effect.tryPromise(() => Cluster.start(lockstep(range))),
    (cluster) => Effect.promise(() => cluster[Symbol.asyncDispose]())
  )
  const write = yield* makeWriter(cluster.members)
  let latest = { by: cluster.members[0]!, at: -Infinity }
  yield* write.pipe(
    Effect.tap((by) => Effect.sync(() => latest = { by, at: performance.now() })),
    Effect.forever,
    Effect.forkScoped
  )

  /** Waits for an acknowledgement by a server other than this: by which, and when (at most 2 ms after the first). */
  const acknowledgement = (but: Member | undefined) =>
    Effect.gen(function*() {
      const since = performance.now()
      while (latest.at < since || latest.by === but) yield* Effect.sleep(1)
      return latest
    }).pipe(Effect.timeoutOrElse({
      duration: patience,
      orElse: () => new NoAnswer({ from: but === undefined ? "no server" : `neither of the servers other than ${but.id}` })
    }))

  const times: Array<number> = []
  for (let kill = 1; kill <= kills; kill++) {
    progress(`${nameOf(range)}: kill ${kill} of ${kills}`)
    yield* Effect.sleep(range.heartbeatInterval * (yield* Random.next))
    const { by: leader } = yield* acknowledgement(undefined)
    const killedAt = performance.now()
    const gone = cluster.kill(leader)
    times.push((yield* acknowledgement(leader)).at - killedAt)
    yield* Effect.promise(() => gone)
    cluster.start(leader)
    yield* Effect.tryPromise(() => cluster.caughtUp())
  }
  times.sort((a, b) => a - b)
  const median = percentile(times, 50)
  const { min } = range.electionTimeout
  const [p90, max] = [percentile(times, 90), times.at(-1)!]
  return { ...range, times, median, p90, max, met: median <= 2 * min } satisfies Downtimes
}, Effect.scoped)

/** Up by one kill at the time it was over. */
const picture = (all: ReadonlyArray<Downtimes>): string => {
  const most = Math.max(...all.map(({ max }) => max))
  return chart("Time without a leader after the leader was killed, by the range of election timeouts", [{
    title: "a new leader acknowledges a write",
    across: { title: "time after the leader was killed, in ms", ticks: ticksTo(most), scale: "linear" },
    up: { title: "of all kills, in %", ticks: [0, 25, 50, 75, 100], scale: "linear" },
    curves: all.map((one, n) => {
      const steps = one.times.map((time, n) => [time, 100 * (n + 1) / one.times.length] as const)
      return { name: nameOf(one), colour: colours[n]!, points: [[0, 0], [one.times[0]!, 0], ...steps, [most, 100]] }
    })
  }])
}

const line = (one: Downtimes): string => {
  const { max, median, met, p90 } = one
  const [a, b, c] = [median, p90, max].map((time) => time.toFixed(0))
  return `election timeouts ${nameOf(one)}, ${one.times.length} kills: without a leader for ${a} ms (median), `
    + `${b} ms (p90), ${c} ms (max); goal: median <= ${2 * one.electionTimeout.min} ms: ${met ? "met" : "NOT MET"}`
}

const run = async ({ json, kills }: { readonly json: boolean; readonly kills: number }): Promise<boolean> => {
  const all: Array<Downtimes> = []
  for (const range of ranges) all.push(await Effect.runPromise(downtimes(range, kills)))
  progress("")
  console.log(json ? JSON.stringify(all) : all.map(line).join("\n"))
  writeFileSync(fileURLToPath(new URL("downtime.svg", import.meta.url)), picture(all))
  return all.every(({ met }) => met)
}

await program(
  { kills: { type: "string", default: "100" }, json: { type: "boolean", default: false } },
  ({ json, kills }) => ({ json, kills: positive("kills", kills) }),
  run
)
