// Goal: what is never executed is called so, by file, line and text. Method: a small specification and small models in
// TLC; V8's ranges as it gives them.
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Result } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { raftModels, specDirectory } from "../models/load.ts"
import { projectJar } from "../models/TlcModel.ts"
import { findJava } from "../tlc/Jar.ts"
import { runTlc } from "../tlc/Tlc.ts"
import { claimsOfExecutions, claimsOfModel, varied } from "./Claims.ts"
import { faults, unexecuted } from "./CodeCoverage.ts"
import { guardsOf, Source } from "./Guards.ts"
import { evaluate, missingFrom, sourcesOf } from "./SpecCoverage.ts"

type Services = NodeServices.NodeServices
const run = <A, E>(effect: Effect.Effect<A, E, Services>) => Effect.runPromise(Effect.provide(effect, NodeServices.layer))
const java = Result.isSuccess(await run(Effect.result(findJava())))

// One state for each x in 0 .. 9: of 10 evaluations, the outcomes can be counted by hand.
const toy = `---- MODULE Toy ----
EXTENDS Naturals
VARIABLES x, y
\\* IF x THEN this is a comment ELSE it would be counted.
simple(n) == IF n < 3 THEN n + n ELSE n * n
nested(n) == IF (IF n = 0 THEN n > 5 ELSE n < 8) THEN IF n > 6 THEN n + 1 ELSE n + 2 ELSE n + 3
both(n) == IF n > 1 /\\ n < 4 THEN n + 1 ELSE n * 1
bullets(n) == IF \\/ n < 2
                 \\/ n > 8 /\\ ~ (n = 9)
              THEN n + 0 ELSE n * 2
cases(n) == CASE n < 2 -> n + 1 [] n = 5 -> n + 2 [] OTHER -> n * 3
always(n) == IF n < 100 THEN n + 1 ELSE n + 2
literals(n) == IF n < 4 THEN 0 ELSE n + 1
Init == x \\in 0 .. 9 /\\ y = 0
Next == /\\ y = 0
        /\\ y' = simple(x) + nested(x) + both(x) + bullets(x) + cases(x) + always(x) + literals(x) + 1
        /\\ UNCHANGED x
Spec == Init /\\ [][Next]_<<x, y>>
====
`

describe.skipIf(!java)(`guards${java ? "" : " (not run: no Java 11 or newer on the PATH)"}`, { timeout: 120_000 }, () => {
  let jar = ""
  const dir = mkdtempSync(join(tmpdir(), "lockstep-coverage-"))
  beforeAll(async () => {
    jar = await run(projectJar)
  }, 60_000)
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  test("are true and false as often as TLC's counts of what follows them say", async () => {
    writeFileSync(join(dir, "Toy.tla"), toy)
    writeFileSync(join(dir, "Toy.cfg"), "SPECIFICATION Spec\nCHECK_DEADLOCK FALSE\n")
    const { coverage } = await run(runTlc({ jar, dir, module: "Toy", workers: 1, options: ["-coverage", "1"] }))
    const { parts } = coverage.find(({ action }) => action === "Next")!
    const guards = guardsOf(parts, new Map([["Toy", new Source("Toy", toy)]]))
    const found = [...guards.values()].map((g) => `${g.from.line}: ${g.text}: ${g.true} ${g.false}`)
    // Not `always`: that could be either way always. Nor what decides a value only: `n > 5`, `n < 8`.
    expect(found.sort()).toEqual([
      "11: n < 2: 2 8",
      "11: n = 5: 1 7",
      "13: n < 4: 4 6",
      "5: n < 3: 3 7",
      "6: (IF n = 0 THEN n > 5 ELSE n < 8): 7 3",
      "6: n = 0: 1 9",
      "6: n > 6: 1 6",
      "7: n < 4: 2 6",
      "7: n > 1 /\\ n < 4: 2 8",
      "7: n > 1: 8 2",
      "8: \\/ n < 2 \\/ n > 8 /\\ ~ (n = 9): 2 8",
      "8: n < 2: 2 8",
      "9: n > 8 /\\ ~ (n = 9): 0 8",
      "9: n > 8: 1 7",
      "9: ~ (n = 9): 0 1"
    ])
  })

  test("a guard that executions don't take both ways is named", async () => {
    const spec = raftModels().find(({ name }) => name === "one-server")!
    const library = fileURLToPath(specDirectory)
    const modelled = varied(await claimsOfModel(spec), Infinity)
    const executed = varied(claimsOfExecutions(spec.settings), 1)
      .filter(({ action, after, before }) => action !== "TimeoutAction" || (after !== undefined && before.members.length === 1))
    const { executed: { parts }, modelled: { parts: reached } } = await run(
      evaluate(jar, library, spec.settings, { modelled, executed })
    )
    const sources = sourcesOf(library, "Raft")
    expect([...sources.keys()].sort()).toEqual(
      ["Commit", "Election", "Message", "Raft", "Replication", "Server", "Snapshot"]
    )
    const missing = missingFrom(guardsOf(parts, sources), guardsOf(reached, sources))
    expect(missing).toHaveLength(1)
    expect(missing[0]).toMatch(/^spec\/Election\.tla:\d+: s\.role = "leader" is never true$/)
  })

  test("where the code does something else than the rules, that is an error", async () => {
    const spec = raftModels().find(({ name }) => name === "one-server")!
    const modelled = (await claimsOfModel(spec)).map((claim) =>
      claim.action === "TimeoutAction" ? { ...claim, resetElectionTimer: !claim.resetElectionTimer } : claim
    )
    const outcome = await run(
      Effect.result(evaluate(jar, fileURLToPath(specDirectory), spec.settings, { modelled, executed: [] }))
    )
    expect(Result.isFailure(outcome) && outcome.failure.message).toMatch(/^TimeoutAction at \{.*: the code takes another step$/)
  })
})

describe("branches", () => {
  const text = "const f = (x) => {\n  if (x) {\n    throw new RangeError()\n  }\n  return x ? 1\n    : 2\n}\n"
  const at = (part: string, count: number) => ({ startOffset: text.indexOf(part), endOffset: text.indexOf(part) + part.length, count })

  test("that were never executed are named, but for assertions", () => {
    const blocks = unexecuted("f.ts", text, [at(text, 3), at("{\n    throw new RangeError()\n  }", 0), at(": 2", 0), at("? 1", 3)])
    expect(blocks).toEqual([{ file: "f.ts", number: 6, line: ": 2", text: ": 2" }])
    expect(faults(blocks, [])).toEqual(["f.ts:6: never executed: : 2"])
  })

  test("may have an exception, as long as they need it", () => {
    const exception = { file: "f.ts", line: ": 2", reason: "x is never 0" }
    expect(faults(unexecuted("f.ts", text, [at(": 2", 0)]), [exception])).toEqual([])
    expect(faults([], [exception])).toEqual(["f.ts: is executed, or isn't there, and has an exception: : 2"])
  })
})
