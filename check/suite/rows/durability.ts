/** Durability: the log on disk, its specification, and crashes everywhere. */
import * as Effect from "effect/Effect"
import { crashPoints, crashSpec } from "../../durability/CrashPoints.ts"
import { checkDisk } from "../../durability/DiskModel.ts"
import { enough, refine } from "../../durability/Refinement.ts"
import type { Counts } from "../../durability/Refinement.ts"
import { aborted } from "../Interrupt.ts"
import { row } from "../Row.ts"
import type { SuiteOptions } from "../Options.ts"
import { grouped, numbers } from "../figures.ts"

export const diskRow = ({ signal }: SuiteOptions, withTlc: boolean) =>
  row("durability", "the log on disk, as specified", Effect.gen(function*() {
    const { differences, result, tlc } = yield* checkDisk(withTlc, { stop: aborted(signal) })
    const violated = [...result.violations.map(({ name }) => name), ...(tlc?.violated === undefined ? [] : [tlc.violated])]
    if (signal.aborted) return { status: "stopped", found: "interrupted" }
    if (violated.length > 0) return { status: "failed", found: `violated: ${violated.join(", ")}` }
    const [first] = differences
    if (first !== undefined) return { status: "failed", found: `${first.what}: TLC ${first.tlc}, TypeScript ${first.typescript}` }
    return withTlc
      ? { status: "ran", found: `${numbers(result)}; same states and edges` }
      : { status: "pinned", found: `${numbers(result)}; as pinned` }
  }))

/** Of the log of our own on a disk that forgets. */
export const refinementRow = ({ deep, seed, signal }: SuiteOptions) =>
  row("durability", "the file log refines it", Effect.promise(async () => {
    const runs = deep ? 20_000 : 2_000
    const counts: Counts = {}
    const seeds = function*() {
      for (let k = 0; k < runs && !signal.aborted; k++) yield seed + k
    }
    const violation = await refine(seeds(), counts)
    if (violation !== undefined) {
      return { status: "failed" as const, found: `${violation.property} (seed ${violation.seed})`, detail: violation.detail }
    }
    if (signal.aborted) return { status: "stopped" as const, found: "interrupted" }
    const [missed] = enough(counts, runs)
    if (missed !== undefined) return { status: "failed" as const, found: missed }
    const rich = ["powerCuts", "kills", "unacknowledgedLost", "unacknowledgedKept", "refused"]
      .map((name) => `${name} ${grouped(counts[name]!)}`).join(", ")
    return { status: "ran" as const, found: `${grouped(counts["operations"]!)} operations of the disk, each a step; ${rich}` }
  }))

/** Events of the runs in which servers crash everywhere; one more makes them about twice as many. */
const crashEvents = 12

/** The fewest different worlds right after a crash. */
const crashStates = 100_000

export const crashRow = ({ signal }: SuiteOptions) =>
  row("durability", `a crash at every point of all runs of ${crashEvents} events`, Effect.promise(async () => {
    const found = await crashPoints(crashSpec, crashEvents, { signal })
    if (found.violation !== undefined) {
      return { status: "failed" as const, found: found.violation.property, detail: found.violation.detail }
    }
    if (found.interrupted) return { status: "stopped" as const, found: "interrupted" }
    const never = Object.entries(found.kinds).find(([, count]) => count === 0)
    if (never !== undefined || found.crashStates < crashStates) {
      return { status: "failed" as const, found: never === undefined ? `only ${grouped(found.crashStates)} crash states` : `never: ${never[0]}` }
    }
    const { recordKept, recordLost, someSent } = found.kinds
    return {
      status: "ran" as const,
      found: `${grouped(found.crashStates)} different crash states of ${grouped(found.crashes)} crashes, ${grouped(found.worlds)} worlds; `
        + `record lost ${grouped(recordLost)}, kept ${grouped(recordKept)}, some messages sent ${grouped(someSent)}`
    }
  }))
