/** Executions of the core, of every kind: run in a process of its own, whose coverage is recorded (CodeCoverage.ts). */
import { readdirSync, readFileSync } from "node:fs"
import { Cluster, serverIds } from "../cluster/Cluster.ts"
import { explore } from "../explorer/index.ts"
import { fuzz } from "../fuzz/Fuzz.ts"
import { modelOf } from "../models/Layer.ts"
import { loadModels } from "../models/load.ts"
import { runScenario } from "../scenario/Scenario.ts"
import { runCommand } from "../scenario/Script.ts"
import { decode } from "../../src/kv/Encoding.ts"
import * as Table from "../../src/kv/Table.ts"
import { figure2 } from "../../src/raft/Server.ts"

const scenarios = new URL("../scenarios/", import.meta.url)
for (const file of readdirSync(scenarios).filter((name) => name.endsWith(".txt"))) {
  runScenario(readFileSync(new URL(file, scenarios), "utf8"), file)
}
for (const servers of [1, 3, 5]) await fuzz({ servers, runs: 60, seed: 1, shrink: false })
for (const spec of loadModels().filter(({ edges, scope }) => edges && scope === "check")) await explore(modelOf(spec))
// Characters of one to four bytes; all others write ASCII.
const cluster = new Cluster(serverIds(3), figure2)
for (const command of ["elect s1 by s2", "propose s1 aé€😀", "replicate s1 to s2"]) runCommand(cluster, command)
// Nobody writes what isn't a request.
for (
  const value of ["x", "1 get", "1 get 2 3 3 1:k x", "1 get 2 3 3 2:k ", "1 take 2 3 3 1:k ", "1 get 2 3 4 1:k ", "1 open 2 x"]
) decode(value)
// Nobody has two keys of one hash (as 0 and 2^32), sets a value that is there already, or removes what isn't there.
const table = Table.tableOf([0, 32, 2 ** 32].map((key) => [key, "x"]))
Table.set(table, 32, "x")
for (const key of [2 ** 32, 33, 64, 32 + 1024]) Table.remove(table, key)
