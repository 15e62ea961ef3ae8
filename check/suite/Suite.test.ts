// Goal: rows of `check` fail when what they rest on is missing or wrong. Method: hand them too little, or something spoilt.
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { describe, expect, test } from "vitest"
import { raftModels } from "../models/load.ts"
import { rootOf } from "../models/RaftModel.ts"
import { findJava } from "../tlc/Jar.ts"
import type { Trace } from "../trace/Format.ts"
import { samples } from "../trace/samples.ts"
import { readTrace } from "../trace/TraceReader.ts"
import { rootTraces, traceRow } from "./rows/traces.ts"

const run = <A, E>(effect: Effect.Effect<A, E, NodeServices.NodeServices>) =>
  Effect.runPromise(Effect.provide(effect, NodeServices.layer))
const java = Result.isSuccess(await run(Effect.result(findJava())))
const rowOf = (traces: ReadonlyArray<Trace>) =>
  run(traceRow(traces, { onProgress: () => {}, signal: new AbortController().signal }))

test("every prepared root has a trace, which ends in that root", () => {
  const prepared = raftModels().filter(({ root }) => root.length > 0)
  const traces = rootTraces()
  expect(prepared.length).toBeGreaterThan(3)
  expect(traces.map(({ file }) => file)).toEqual(prepared.map(({ name }) => `root of ${name}`))
  for (const [n, spec] of prepared.entries()) {
    const { cluster } = rootOf(spec)
    for (const id of cluster.ids) {
      const last = traces[n]!.steps.findLast(({ node }) => node === id)
      if (last !== undefined) expect(last.after).toEqual(cluster.servers.get(id))
    }
  }
})

describe.skipIf(!java)(`the row of traces${java ? "" : " (not run: no Java 11 or newer on the PATH)"}`, { timeout: 120_000 }, () => {
  test("fails with fewer events than it asks for, though TLC accepts them", async () => {
    const [name, text] = [...samples][0]!
    const row = await rowOf([Result.getOrThrow(readTrace(text, name))])
    expect(row).toMatchObject({ status: "failed", found: expect.stringMatching(/^only \d+ events$/) })
  })

  test("fails with a root that the specification doesn't reach, and names its line", async () => {
    const [root] = rootTraces()
    const last = root!.steps.length - 1
    const step = root!.steps[last]!
    const wrong = { ...step, after: { ...step.after, commitIndex: step.after.commitIndex + 1 } }
    const row = await rowOf([{ ...root!, steps: root!.steps.with(last, wrong) }])
    expect(row.status).toBe("failed")
    expect(row.found).toMatch(/^root of [\w-]+:\d+: .*commitIndex: expected \d+, found \d+/)
  })
})
