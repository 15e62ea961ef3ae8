/** Executions of the core, of every kind: run in a process of its own, whose coverage is recorded (CodeCoverage.ts). */
import { readdirSync, readFileSync } from "node:fs"
import { Cluster, serverIds } from "../cluster/Cluster.ts"
import { explore } from "../explorer/index.ts"
import { fuzz } from "../fuzz/Fuzz.ts"
import { raftModels } from "../models/load.ts"
import { raftModel } from "../models/RaftModel.ts"
import { runScenario } from "../scenario/Scenario.ts"
import { runCommand } from "../scenario/Script.ts"
import { figure2 } from "../../src/raft/Server.ts"

const scenarios = new URL("../scenarios/", import.meta.url)
for (const file of readdirSync(scenarios).filter((name) => name.endsWith(".txt"))) {
  runScenario(readFileSync(new URL(file, scenarios), "utf8"), file)
}
for (const servers of [1, 3, 5]) await fuzz({ servers, runs: 60, seed: 1, shrink: false })
for (const spec of raftModels().filter(({ edges, scope }) => edges && scope === "check")) await explore(raftModel(spec))
// Characters of one to four bytes; all others write ASCII.
const cluster = new Cluster(serverIds(3), figure2)
for (const command of ["elect s1 by s2", "propose s1 aé€😀", "replicate s1 to s2"]) runCommand(cluster, command)
