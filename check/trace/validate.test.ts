import { NodeServices } from "@effect/platform-node"
import { Effect, Result } from "effect"
import fc from "fast-check"
import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { findJar, findJava } from "../tlc/Jar.ts"
import { alteredSomewhere, read, without } from "./alter.ts"
import { accepted, good, rejected } from "./claims.ts"
import type { Trace } from "./Format.ts"
import { randomRun } from "./randomRun.ts"
import { firstWrong } from "./rules.ts"
import { both, chunked, plain, samples } from "./samples.ts"
import { readTrace } from "./TraceReader.ts"
import { traceText } from "./TraceWriter.ts"
import { validateTraces } from "./validate.ts"
import type { Verdict } from "./validate.ts"

const run = <A, E>(effect: Effect.Effect<A, E, NodeServices.NodeServices>) =>
  Effect.runPromise(Effect.provide(effect, NodeServices.layer))
const java = Result.isSuccess(await run(Effect.result(findJava())))

describe.skipIf(!java)(`TLC validates traces${java ? "" : " (not run: no Java 11 or newer on the PATH)"}`, {
  timeout: 240_000
}, () => {
  let jar: string
  beforeAll(async () => {
    jar = await run(findJar(join(import.meta.dirname, "../..")))
  }, 120_000)
  const validate = (traces: ReadonlyArray<Trace>) => run(validateTraces(traces, { jar }))

  let verdicts: ReadonlyArray<Verdict>
  beforeAll(async () => {
    verdicts = (await validate([...accepted, ...rejected].map(([, trace]) => trace))).verdicts
  }, 120_000)

  test.each(accepted.map(([claim, trace], n) => [claim, trace, n] as const))("%s", (_, trace, n) => {
    expect(verdicts[n]).toEqual({ status: "accepted", lines: trace.steps.length })
  })

  test.each(rejected.map(([claim, , line, found], n) => [claim, line, found, n] as const))(
    "%s is rejected, at its line",
    (_, line, found, n) => {
      const verdict = verdicts[accepted.length + n]!
      expect(verdict).toMatchObject({ status: "rejected", line })
      expect(verdict.status === "rejected" && verdict.message).toContain(found)
    }
  )

  test("a long trace is validated in slices, and rejected where the whole one is", async () => {
    const good = [...samples.values()].map((text, n) => read(text, `${n}`))
    const traces = [...good, ...rejected.map(([, trace]) => trace)]
    const longest = 5
    expect(traces.filter((trace) => trace.steps.length > longest).length).toBeGreaterThan(10)
    const { verdicts } = await run(validateTraces(traces, { jar, longest }))
    expect(verdicts.slice(0, good.length)).toEqual(good.map(({ steps }) => ({ status: "accepted", lines: steps.length })))
    expect(verdicts.slice(good.length).map((verdict) => verdict.status === "rejected" ? verdict.line : undefined))
      .toEqual(rejected.map(([, , line]) => line))
  })

  test("W02: a trace without lines is never accepted", async () => {
    const trace = read(good, "t.ndjson")
    await expect(validate([trace, { ...trace, steps: [] }])).rejects.toThrow("1 traces have none")
  })

  /** TLC against the rules in TypeScript: the same traces accepted, the others rejected at the same lines. */
  const agree = async (traces: ReadonlyArray<Trace>) => {
    const expected = traces.map(firstWrong)
    const { verdicts } = await validate(traces)
    expect(verdicts.map((verdict) => verdict.status === "rejected" ? verdict.line : undefined)).toEqual(expected)
    return expected.filter((line) => line !== undefined).length
  }

  test("W04: with any one line deleted, and the others renumbered, TLC and the TypeScript rules agree", async () => {
    const texts = [good, ...samples.values()]
    const traces = texts.flatMap((text) =>
      text.trimEnd().split("\n").flatMap((_, k) => {
        if (k === 0) return []
        const trace = readTrace(without(text, k + 1), `${k + 1}`)
        return Result.isSuccess(trace) ? [trace.success] : []
      })
    )
    expect(await agree(traces)).toBeGreaterThan(10)
  })

  test("W03: with any one value of a random run altered, TLC and the TypeScript rules agree", async () => {
    const choices = fc.array(fc.nat(1_000_000), { minLength: 200, maxLength: 300, size: "max" })
    const settings = fc.constantFrom(plain, both, chunked, { ...both, ...chunked }, { ...both, preVote: false }, { ...both, checkQuorum: false })
    const one = fc.tuple(fc.integer({ min: 1, max: 5 }), settings, choices, fc.nat())
    const traces = fc.sample(one, { numRuns: 200, seed: 1 }).flatMap(([count, settings, choices, place]) => {
      const { header, lines } = randomRun(count, settings, choices)
      const trace = readTrace(alteredSomewhere(traceText(header, lines), place), "t.ndjson")
      return Result.isSuccess(trace) ? [trace.success] : []
    })
    expect(await agree(traces)).toBeGreaterThan(50)
  })
})
