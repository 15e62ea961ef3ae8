import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { describe, expect, test } from "vitest"
import type { Edit, Mutant } from "./Mutant.ts"
import { mutate, MutantError } from "./Mutant.ts"
import { inCheck, mutants } from "./mutants.ts"
import { vacuous, watchers } from "./watchers.ts"
import { makeMutant, source } from "./Workshop.ts"
import { runZoo } from "./Zoo.ts"

const commit = "src/raft/Commit.ts"
const ids = (all: ReadonlyArray<{ readonly id: string }>) => all.map(({ id }) => id)

/** The matrix of these mutants, without what needs TLC. */
const subset = (...some: ReadonlyArray<Mutant>) => runZoo({ scope: "check", withTlc: false, mutants: some })
const mutant = (id: string, edits: ReadonlyArray<Edit>): Mutant => ({ id, rule: "", title: id, edits, expected: [] })

describe("a mutant is made by edits that apply", () => {
  const read = () => "one two two"

  test("one that doesn't occur is an error that names file and mutant", () => {
    expect(() => mutate("E01", [{ file: "a.ts", from: "three", to: "" }], read))
      .toThrow(new MutantError(`a.ts: mutant E01 replaces "three", which occurs 0 times there, not once`))
  })

  test("one that occurs twice is an error, too", () => {
    expect(() => mutate("E01", [{ file: "a.ts", from: "two", to: "" }], read))
      .toThrow(new MutantError(`a.ts: mutant E01 replaces "two", which occurs 2 times there, not once`))
  })

  test("several edits of one file are made one after the other, text for text", () => {
    const edits = [{ file: "a.ts", from: "one", to: "$& three" }, { file: "a.ts", from: "three", to: "four" }]
    expect(mutate("E01", edits, read)).toEqual(new Map([["a.ts", "$& four two two"]]))
  })

  test("the zoo refuses to run with one that doesn't apply", async () => {
    await expect(subset(mutant("Z1", [{ file: commit, from: "no such text", to: "" }])))
      .rejects.toThrow(`${commit}: mutant Z1 replaces "no such text"`)
  })

  test("all of the zoo's apply to the sources, and their ids differ", () => {
    const all = [...mutants, ...watchers, vacuous.code, vacuous.spec]
    for (const each of all) {
      const { given, spec = [] } = { given: undefined, spec: undefined, ...each }
      const edits = [...given?.code ?? [], ...given?.spec ?? [], ...each.edits, ...spec]
      expect(mutate(each.id, edits, source).size, each.id).toBeGreaterThan(0)
    }
    expect(new Set(ids(all)).size).toBe(all.length)
  })
})

/** The collection's tables of elections, replication, commit, persistence, snapshots, map and clients; it has gaps. */
const collection: Readonly<Record<string, ReadonlyArray<number>>> = {
  E: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 24, 25],
  R: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 25],
  C: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
  P: [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 18, 19],
  S: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 17],
  K: [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 13, 14],
  L: [1, 2, 3, 4, 5]
}

describe("no row of the collection is passed over", () => {
  const table = source("check/zoo/README.md").split("\n## ").find((section) => section.startsWith("Rows without a mutant"))!
  const excused = [...table.matchAll(/^\| ([A-Z][^|]*) \|/gm)].flatMap(([, rows]) => rows!.split(" "))
  const rows = Object.entries(collection)
    .flatMap(([letter, numbers]) => numbers.map((n) => `${letter}${String(n).padStart(2, "0")}`))

  test("each is a mutant, or README.md says why not", () => {
    expect(rows.filter((id) => !ids(mutants).includes(id) && !excused.includes(id))).toEqual([])
  })

  test("README.md excuses none that there isn't", () => {
    expect(excused.filter((id) => !rows.includes(id))).toEqual([])
  })
})

test("what check runs are mutants that there are", () => {
  expect(inCheck.filter((id) => !ids(mutants).includes(id))).toEqual([])
})

test("a mutated specification is a copy, and the checkers are pointed at it", () => {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-zoo-test-"))
  try {
    const c01 = mutants.find(({ id }) => id === "C01")!
    const file = makeMutant(join(folder, "C01"), c01.id, [...c01.edits, ...c01.spec!])
    const spec = join(folder, "C01/spec")
    const texts = JSON.parse(readFileSync(file, "utf8")) as Record<string, string>
    const text = (of: string) => texts[new URL(`../../${of}`, import.meta.url).href]
    expect(readFileSync(join(spec, "Commit.tla"), "utf8")).not.toBe(source("spec/Commit.tla"))
    expect(readFileSync(join(spec, "Raft.tla"), "utf8")).toBe(source("spec/Raft.tla"))
    expect(text(commit)).not.toBe(source(commit))
    expect(text("check/models/load.ts")).toContain(`new URL("${pathToFileURL(spec).href}/")`)
    expect(text("check/trace/validate.ts")).toContain(`const library = "${spec}"`)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

describe("who notices", () => {
  test("a mutant that is noticed by its property is killed, and what isn't found is a fault", { timeout: 240_000 }, async () => {
    const [e08, c03] = ["E08", "C03"].map((id) => mutants.find((each) => each.id === id)!)
    const { faults, rows } = await subset(
      e08!,
      { ...c03!, expected: [...c03!.expected, { model: "one-server", name: "LogMatching" }] }
    )
    expect(rows.map(({ cells: { explorer } }) => explorer.status === "killed" ? explorer.names : [])).toEqual([
      ["ElectionSafety", "VoteOnce"],
      ["CommitMonotone"]
    ])
    expect(rows[0]!.cells.graph).toMatchObject({ status: "killed", name: "ReceiveAppendEntriesRequest" })
    expect(rows[0]!.cells.fuzz).toMatchObject({ status: "killed", name: "VoteOnce" })
    expect(rows[1]!.cells.scenarios).toMatchObject({ status: "killed", name: "CommitMonotone" })
    expect(faults).toEqual(["C03: the explorer doesn't find LogMatching"])
  })

  test("one that only throws, and one that changes nothing, are unkilled", { timeout: 240_000 }, async () => {
    const { faults, rows } = await subset(
      mutant("throws", [{ file: commit, from: "const falling = ", to: "throw new TypeError(\"no\")\n  const falling = " }]),
      mutant("comment", [{ file: commit, from: "One entry at a time", to: "One entry after the other" }]),
      mutant("unreadable", [{ file: commit, from: "const falling = ", to: "const falling = (" }])
    )
    expect(rows.map(({ cells: { explorer, fuzz, graph, scenarios } }) =>
      [scenarios, explorer, graph, fuzz].map(({ status }) => status)
    )).toEqual([Array(4).fill("failed"), Array(4).fill("silent"), Array(4).fill("failed")])
    expect(faults.map((fault) => fault.slice(0, fault.indexOf(" ("))))
      .toEqual(["throws is unkilled", "comment is unkilled", "unreadable is unkilled"])
  })

  test("an unknown id is refused", async () => {
    await expect(runZoo({ scope: "check", withTlc: false, only: ["E99"] })).rejects.toThrow("there is no mutant E99 (there are E01, ")
  })

  test("a zoo that is interrupted says so, and leaves no verdict", async () => {
    const { faults, interrupted, rows } = await runZoo({ scope: "check", withTlc: false, only: ["E01"], signal: AbortSignal.abort() })
    expect([interrupted, faults, ids(rows)]).toEqual([true, [], ["E01"]])
  })
})
