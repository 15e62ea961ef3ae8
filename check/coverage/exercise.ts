/** Executions of the core, of every kind: run in a process of its own, whose coverage is recorded (CodeCoverage.ts). */
import { readdirSync, readFileSync } from "node:fs"
import { explore } from "../explorer/index.ts"
import { fuzz } from "../fuzz/Fuzz.ts"
import { modelOf } from "../models/Layer.ts"
import { loadModels } from "../models/load.ts"
import { runScenario } from "../scenario/Scenario.ts"
import { decode, toPieces } from "../../src/kv/Encoding.ts"
import { InitKV } from "../../src/kv/Sessions.ts"
import * as Table from "../../src/kv/Table.ts"

const scenarios = new URL("../scenarios/", import.meta.url)
for (const file of readdirSync(scenarios).filter((name) => name.endsWith(".txt"))) {
  runScenario(readFileSync(new URL(file, scenarios), "utf8"), file)
}
for (const servers of [1, 3, 5]) await fuzz({ servers, runs: 60, seed: 1, shrink: false })
for (const spec of loadModels().filter(({ edges, scope }) => edges && scope === "check")) await explore(modelOf(spec))
// All others write ASCII; a snapshot's pieces must not cut a character in two.
toPieces({ ...InitKV, data: Table.tableOf([["😀", "x"]]) }, 1)
// Nor long values, which aren't copied out of their entries.
decode(`1 put 2 3 3 1:k 50:${"x".repeat(50)} `)
// Nobody writes what isn't a request.
for (
  const value of ["x", "1 get", "1 get 2 3 3 1:k x", "1 get 2 3 3 2:k ", "1 take 2 3 3 1:k ", "1 get 2 3 4 1:k ", "1 open 2 x"]
) decode(value)
// Nobody has two keys of one hash (as 0 and 2^32), sets a value that is there already, or removes what isn't there.
const table = Table.tableOf([0, 32, 2 ** 32].map((key) => [key, "x"]))
Table.set(table, 32, "x")
for (const key of [2 ** 32, 33, 64, 32 + 1024]) Table.remove(table, key)
