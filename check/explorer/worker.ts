/** A thread of a parallel exploration; see `Parallel.ts`. */
import { parentPort, workerData } from "node:worker_threads"
import { Ledger } from "./Ledger.ts"
import { Locals } from "./Locals.ts"
import { modelFrom } from "./ModelRef.ts"
import { cursor, levelEnd, type Order, type Reply, slice, stop, type WorkerData } from "./Parallel.ts"
import { Search } from "./Search.ts"
import { SharedWorlds } from "./Worlds.ts"

/** Worlds taken at a time. */
const chunk = 64

const { control, generated, ledger, model, tables, thread, threads } = workerData as WorkerData
const locals = new Locals(await modelFrom(model), new Ledger(ledger))
const worlds = new SharedWorlds(tables)
const search = new Search(locals, worlds)
const { checks, successors } = search

/** Worlds taken whose successors haven't all been added, and how many of these have. */
let unfinished = 0
let added = 0

/** Adds the successors at hand; false when there isn't room for all. */
const flush = (): boolean => {
  for (; added < successors.length; added = Math.min(added + slice, successors.length)) {
    // Every thread may be about to add as many.
    if (!worlds.hasRoom(threads * slice)) return false
    search.add(added, Math.min(added + slice, successors.length))
  }
  successors.length = 0
  added = 0
  unfinished = 0
  return true
}

const run = (): void => {
  while (flush() && Atomics.load(control, stop) === 0) {
    const first = Atomics.add(control, cursor, chunk)
    const end = Math.min(first + chunk, Atomics.load(control, levelEnd))
    if (first >= end) return
    unfinished = end - first
    for (let world = first; world < end; world++) search.expand(world)
    generated[thread] = search.generated
  }
}

if (thread === 0) {
  search.begin()
  unfinished = 1
}
parentPort!.on("message", (order: Order) => {
  locals.catchUp()
  if (order.kind === "run") {
    worlds.tables = order.tables
    checks.depth = order.depth
    run()
  }
  const reply: Reply = order.kind === "run"
    ? {
      kind: "rest",
      unfinished,
      findings: checks.findings.size,
      messagesMet: [...checks.messagesMet],
      bytes: search.bytes
    }
    : { kind: "report", report: search.report(order.messages) }
  parentPort!.postMessage(reply)
})
