/**
 * Whether executions of the code take every action, and every guard of the rules both ways, that models reach: TLC
 * evaluates the rules of the specification for both (spec/Coverage.tla), and counts.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Runtime from "effect/Runtime"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { RaftSpec } from "../models/Table.ts"
import { specDirectory } from "../models/load.ts"
import { runTlc, TlcCrashed } from "../tlc/Tlc.ts"
import { configuration, tableModules, valueTables } from "../trace/TraceModule.ts"
import type { Claim } from "../trace/TraceModule.ts"
import type { Settings } from "../../src/raft/Server.ts"
import { claimsOfExecutions, claimsOfModel, varied } from "./Claims.ts"
import { addTo, guardsOf, Source } from "./Guards.ts"
import type { Guards, Outcomes } from "./Guards.ts"

/** The code and the specification don't do the same in some state: a fault, to be found by the other checks, too. */
export class ClaimsDiffer extends Data.TaggedError("ClaimsDiffer")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 1
}

export interface SpecCoverage {
  /** Guards that models or executions evaluate, and how many of them executions took both ways. */
  readonly guards: number
  readonly bothWays: number
  /** What TLC evaluated: of models, and of executions. */
  readonly modelled: number
  readonly executed: number
  /** One line each: what models reach, and executions don't. */
  readonly missing: ReadonlyArray<string>
  /** One line each: the outcomes of conditionals that neither takes, as far as TLC shows. */
  readonly hidden: ReadonlyArray<string>
}

/** The module's source, and those of the modules of this folder that it extends. */
export const sourcesOf = (folder: string, module: string): ReadonlyMap<string, Source> => {
  const sources = new Map<string, Source>()
  const read = (name: string): void => {
    const file = join(folder, `${name}.tla`)
    if (sources.has(name) || !existsSync(file)) return
    const source = new Source(name, readFileSync(file, "utf8"))
    sources.set(name, source)
    for (const extended of /^EXTENDS(.*)$/m.exec(source.text)?.[1]?.split(",") ?? []) read(extended.trim())
  }
  read(module)
  return sources
}

const line = ({ from, module, text }: Outcomes, outcome: boolean): string =>
  `spec/${module}.tla:${from.line}: ${text} is never ${outcome ? "true" : "false"}`

/** What `reached` has both or one way and `taken` has not; in the order of the sources. */
export const missingFrom = (taken: Guards, reached: Guards): ReadonlyArray<string> =>
  [...reached].sort(([, a], [, b]) => a.module < b.module ? -1 : a.module > b.module ? 1 : a.from.line - b.from.line)
    .flatMap(([place, guard]) =>
      [true, false].filter((outcome) =>
        guard[`${outcome}`] > 0 && (taken.get(place)?.[`${outcome}`] ?? 0) === 0
      ).map((outcome) => line(guard, outcome))
    )

/** Every conditional of the sources, each way once. */
const conditionals = (sources: ReadonlyMap<string, Source>): Guards => {
  const guards: Guards = new Map()
  for (const source of sources.values()) {
    for (const begin of source.conditionals()) addTo(guards, source, source.conditional(begin).condition, 1, 1)
  }
  return guards
}

const merge = (into: Guards, more: Guards): void => {
  for (const [place, guard] of more) {
    const known = into.get(place)
    into.set(place, known === undefined ? guard : { ...known, true: known.true + guard.true, false: known.false + guard.false })
  }
}

/** Evaluates the rules for claims under the same settings. Fails with `ClaimsDiffer` if a claim isn't what they yield. */
export const evaluate = Effect.fnUntraced(function*(
  jar: string,
  library: string,
  settings: Settings,
  claims: { readonly modelled: ReadonlyArray<Claim>; readonly executed: ReadonlyArray<Claim> }
) {
  const fileSystem = yield* FileSystem.FileSystem
  const tables = valueTables()
  const numbers = (of: ReadonlyArray<Claim>) => [...new Set(of.map((claim) => tables.steps.number(claim)))]
  const kinds = [numbers(claims.modelled), numbers(claims.executed)] as const
  const rows = tables.rows()
  const [Modelled, Executed] = kinds.map((of) => of.map((n) => rows.Steps[n - 1]!)) as [Array<string>, Array<string>]
  const files = tableModules({ ...rows, Steps: [], Lines: [], Traces: [], Modelled, Executed }, settings)
  files.set("CheckCoverage.tla", "---- MODULE CheckCoverage ----\nEXTENDS Coverage\n====\n")
  files.set("CheckCoverage.cfg", configuration("CoverageSpec", true))
  const result = yield* Effect.gen(function*() {
    const dir = yield* fileSystem.makeTempDirectoryScoped({ prefix: "lockstep-coverage-" })
    for (const [name, text] of files) yield* fileSystem.writeFileString(join(dir, name), text)
    return yield* runTlc({ jar, dir, module: "CheckCoverage", library, workers: 1, options: ["-coverage", "1"] })
  }).pipe(
    Effect.scoped,
    Effect.catchTag("PlatformError", ({ message }) => new TlcCrashed({ message: `TLC's modules: ${message}` }))
  )
  if (result.outcome !== "ok") return yield* new TlcCrashed({ message: `TLC: ${result.message ?? result.outcome}` })
  const differs = /<<"DIFFERS", (\d), (\d+)>>/.exec(result.printed.join("\n"))
  if (differs !== null) {
    const row = rows.Steps[kinds[Number(differs[1]) - 1]![Number(differs[2]) - 1]! - 1]!
    const first = [...claims.modelled, ...claims.executed].find((c) => rows.Steps[tables.steps.number(c) - 1] === row)!
    const what = first.after === undefined ? "does nothing" : "takes another step"
    return yield* new ClaimsDiffer({ message: `${first.action} at ${JSON.stringify(first.before)}: the code ${what}` })
  }
  // Each row is a state, and each that agrees one more.
  const expected = 2 * (Modelled.length + Executed.length)
  if (result.generated !== expected) {
    return yield* new TlcCrashed({ message: `TLC has generated ${result.generated} states, not ${expected}` })
  }
  const parts = (action: string) => result.coverage.find((found) => found.action === action)?.parts ?? []
  return {
    modelled: { rows: Modelled.length, parts: parts("InModels") },
    executed: { rows: Executed.length, parts: parts("InExecutions") }
  }
})

/** Executed steps that come to the same: it takes many, for the rare guard that is one of several that lead there. */
const enough = 6

const actionsOf = (claims: ReadonlyArray<Claim>): ReadonlySet<string> =>
  new Set(claims.filter((claim) => claim.after !== undefined).map((claim) => claim.action))

/**
 * Coverage of the specification in `library` by executions, against what these models reach. With `all`, every local step
 * of the models is evaluated, and otherwise those that differ in what they come to, or in how.
 */
export const specCoverage = Effect.fnUntraced(function*(
  models: ReadonlyArray<RaftSpec>,
  { all, jar, library = fileURLToPath(specDirectory) }: { readonly all: boolean; readonly jar: string; readonly library?: string }
) {
  const sources = sourcesOf(library, "Raft")
  const reached: Guards = new Map()
  const taken: Guards = new Map()
  const [reachedActions, takenActions] = [new Set<string>(), new Set<string>()]
  let [modelledRows, executedRows] = [0, 0]
  const groups = Map.groupBy(models, ({ settings }) => JSON.stringify(settings))
  yield* Effect.forEach(groups.values(), (group) =>
    Effect.gen(function*() {
      const { settings } = group[0]!
      const reachable = (yield* Effect.promise(() => Promise.all(group.map(claimsOfModel)))).flat()
      const modelled = all ? reachable : varied(reachable, Infinity)
      const executed = varied(claimsOfExecutions(settings), enough)
      for (const action of actionsOf(modelled)) reachedActions.add(action)
      for (const action of actionsOf(executed)) takenActions.add(action)
      const evaluated = yield* evaluate(jar, library, settings, { modelled, executed })
      merge(reached, guardsOf(evaluated.modelled.parts, sources))
      merge(taken, guardsOf(evaluated.executed.parts, sources))
      modelledRows += evaluated.modelled.rows
      executedRows += evaluated.executed.rows
    }), { concurrency: 2, discard: true })
  const either: Guards = new Map(reached)
  merge(either, taken)
  const both = [...taken.values()].filter((guard) => guard.true > 0 && guard.false > 0)
  return {
    guards: either.size,
    bothWays: both.length,
    modelled: modelledRows,
    executed: executedRows,
    missing: [
      ...[...reachedActions].filter((action) => !takenActions.has(action)).map((action) => `${action} is never taken`),
      ...missingFrom(taken, reached)
    ],
    hidden: missingFrom(either, conditionals(sources))
  } satisfies SpecCoverage
})
