/** The process that has loaded a mutant: does one job, and writes each finding as a line of JSON. See Zoo.ts. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import type { FinishedRun } from "../fuzz/Fuzz.ts"
import type { Detection } from "./Detectors.ts"
import type { Expected } from "./Mutant.ts"

/** Columns that a job of kind "mutant" can fill. */
export type LocalColumn = "scenarios" | "disk" | "explorer" | "graph" | "fuzz" | "runtime"

export type Job =
  | {
    readonly kind: "mutant"
    readonly columns: ReadonlyArray<LocalColumn>
    readonly expected: ReadonlyArray<Expected>
    /** Batches of random executions, at most. */
    readonly batches: number
    /** Where a trace is to be written, of the story if there is one, otherwise of the last random execution. */
    readonly trace?: string
    readonly story?: ReadonlyArray<string>
  }
  | { readonly kind: "pair"; readonly expected: ReadonlyArray<Expected> }
  | { readonly kind: "negative"; readonly names: ReadonlyArray<string> }

export type Finding =
  | Detection & { readonly column: LocalColumn | "pair"; readonly seconds: number }
  | { readonly column: "negative"; readonly name: string; readonly wrong: string | undefined }

const interruption = new AbortController()
const { signal } = interruption
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interruption.abort())

const run = <A, E>(effect: Effect.Effect<A, E, NodeServices.NodeServices>): Promise<A> =>
  Effect.runPromise(Effect.provide(effect, NodeServices.layer), { signal })

const report = (finding: Finding): void => void process.stdout.write(`${JSON.stringify(finding)}\n`)

const timed = async (column: LocalColumn | "pair", detect: () => Promise<Detection> | Detection): Promise<void> => {
  const began = performance.now()
  const detection = await Promise.resolve().then(detect)
    .catch((error): Detection => ({ notices: [], failed: String(error) }))
  report({ column, ...detection, seconds: (performance.now() - began) / 1000 })
}

// The modules under test are imported here and not above, so that one which can't be loaded is reported, too.
const mutant = async ({ batches, columns, expected, story, trace }: Extract<Job, { kind: "mutant" }>): Promise<void> => {
  for (const column of columns) {
    await timed(column, async () => {
      const { byDisk, byExplorer, byFuzz, byGraph, byRuntime, byScenarios } = await import("./Detectors.ts")
      if (column === "scenarios") return byScenarios()
      if (column === "disk") return byDisk(signal)
      if (column === "explorer") return byExplorer(expected, signal)
      if (column === "graph") return byGraph(expected, signal)
      if (column === "runtime") return byRuntime(batches, signal)
      let last: FinishedRun | undefined
      const detection = await byFuzz(batches, signal, (finished) => last = finished)
      if (trace !== undefined && story === undefined && last !== undefined) await writeTrace(trace, last)
      return detection
    })
  }
  if (trace !== undefined && story !== undefined) {
    const [{ story: told }, { traceText }] = [await import("../trace/samples.ts"), await import("../trace/TraceWriter.ts")]
    const { header, lines } = told(story)
    writeFileSync(trace, traceText(header, lines))
  }
}

const writeTrace = async (file: string, { ids, sent, settings, taken }: FinishedRun): Promise<void> => {
  const { headerOf, linesOf, traceText } = await import("../trace/TraceWriter.ts")
  writeFileSync(file, traceText(headerOf(ids, settings, null, {}), linesOf(sent, taken)))
}

/** All that is expected, or why something isn't found. */
const pair = async (expected: ReadonlyArray<Expected>): Promise<Detection> => {
  const { byTlc } = await import("./Pair.ts")
  const detections: Array<Detection> = []
  for (const each of expected) detections.push(await run(byTlc(each)))
  return detections.find(({ failed }) => failed !== undefined)
    ?? { notices: detections.flatMap(({ notices }) => notices) }
}

const negative = async (names: ReadonlyArray<string>): Promise<void> => {
  const { negatives } = await import("./Negatives.ts")
  for (const name of names) {
    report({ column: "negative", name, wrong: await run(negatives[name as keyof typeof negatives]) })
  }
}

const job = JSON.parse(process.argv[2]!) as Job
switch (job.kind) {
  case "mutant":
    await mutant(job)
    break
  case "pair":
    await timed("pair", async () => pair(job.expected))
    break
  case "negative":
    await negative(job.names)
}
