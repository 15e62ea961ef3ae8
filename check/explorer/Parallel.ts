/**
 * Explores all reachable worlds of a model, breadth first, in several threads. They share the set of visited worlds and
 * agree on numbers by a ledger; each has its own memos. In a level every thread takes the next few worlds that none has
 * taken, until there are none. Between levels, and while tables grow, the threads rest and this one decides.
 */
import { Worker } from "node:worker_threads"
import { ledgerBuffers, type LedgerBuffers } from "./Ledger.ts"
import { modelFrom, type ModelRef } from "./ModelRef.ts"
import { conclude, type Options, type Result } from "./Result.ts"
import type { Report } from "./Search.ts"
import { emptyTables, sharedInts, SharedWorlds, type WorldTables } from "./Worlds.ts"

/** Words of the control block: the next world to expand, where the level ends, and whether to stop. */
export const cursor = 0
export const levelEnd = 1
export const stop = 2

export interface WorkerData {
  readonly model: ModelRef
  readonly threads: number
  /** This thread's number. The first begins with the root. */
  readonly thread: number
  readonly control: Int32Array
  /** Successors generated so far, by thread. */
  readonly generated: Float64Array
  readonly ledger: LedgerBuffers
  readonly tables: WorldTables
}

export type Order =
  /** Expand worlds of the current level, until none is left or there is no room for more; `depth` of the new ones. */
  | { readonly kind: "run"; readonly tables: WorldTables; readonly depth: number }
  /** Report what was found; `messages`: those that any thread has met. */
  | { readonly kind: "report"; readonly messages: ReadonlyArray<number> }

export type Reply =
  | {
    readonly kind: "rest"
    /** Worlds taken whose successors haven't all been added, for want of room. */
    readonly unfinished: number
    readonly findings: number
    readonly messagesMet: ReadonlyArray<number>
    readonly bytes: number
  }
  | { readonly kind: "report"; readonly report: Report<unknown, unknown, unknown> }

/** Rows that a thread adds before it looks again whether there is room. */
export const slice = 4096

/** Beside this module, as TypeScript or as what it was built to. */
const worker = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url)

/**
 * As `explore`, with that many threads. Counts, depths and must-reach depths are the same, and so are the names and
 * depths of violations; which of several shortest counterexamples is found may differ from run to run.
 */
export const exploreInParallel = async (
  ref: ModelRef,
  threads: number,
  options: Options = {}
): Promise<Result<unknown, unknown, unknown>> => {
  const { memory = Infinity, onProgress, signal } = options
  const began = performance.now()
  const model = await modelFrom(ref)
  const worlds = new SharedWorlds(emptyTables(model.actors.length + 2, sharedInts))
  const control = sharedInts(3)
  const generated = new Float64Array(new SharedArrayBuffer(8 * threads))
  const ledger = ledgerBuffers()
  const team = Array.from({ length: threads }, (_, thread) => {
    const data: WorkerData = { model: ref, threads, thread, control, generated, ledger, tables: worlds.tables }
    return new Worker(worker, { workerData: data })
  })
  const failed = new Promise<never>((_, reject) => team.forEach((worker) => worker.on("error", reject)))
  const ask = (order: Order): Promise<Array<Reply>> =>
    Promise.race([
      failed,
      Promise.all(team.map((worker) => {
        const reply = new Promise<Reply>((resolve) => worker.once("message", resolve))
        worker.postMessage(order)
        return reply
      }))
    ])

  let stopped = (signal?.aborted === true ? "aborted" : undefined) as Result<unknown, unknown, unknown>["stopped"]
  let peakBytes = 0
  let levels = 0
  const expanded = (): number => Math.min(Atomics.load(control, cursor), Atomics.load(control, levelEnd))
  const abort = (): void => {
    stopped ??= "aborted"
    Atomics.store(control, stop, 1)
  }
  signal?.addEventListener("abort", abort)
  const timer = setInterval(() => {
    const states = worlds.count
    onProgress?.({
      states,
      generated: generated.reduce((sum, count) => sum + count, 1),
      queue: states - expanded(),
      level: levels + 1,
      statesPerSecond: Math.round(states / (performance.now() - began) * 1000)
    })
  }, 1000)
  try {
    const messages = new Set<number>()
    let unfinished = 0
    worlds.grow(threads * slice, sharedInts)
    while (stopped === undefined) {
      const replies = await ask({ kind: "run", tables: worlds.tables, depth: levels + 1 + Math.sign(control[levelEnd]!) })
      const rests = replies.filter((reply) => reply.kind === "rest")
      for (const message of rests.flatMap(({ messagesMet }) => messagesMet)) messages.add(message)
      unfinished = rests.reduce((sum, rest) => sum + rest.unfinished, 0)
      const bytes = rests.reduce((sum, rest) => sum + rest.bytes, worlds.bytes + ledger.log.byteLength)
      // While tables grow, they exist at their old and at twice that size.
      const peak = unfinished > 0 ? bytes + 2 * worlds.bytes : bytes
      if (peak > memory) stopped ??= "memory"
      else peakBytes = Math.max(peakBytes, peak)
      if (stopped !== undefined) break
      if (unfinished > 0) {
        worlds.grow(threads * slice, sharedInts)
        continue
      }
      if (Atomics.load(control, levelEnd) > 0) levels++
      if (rests.some(({ findings }) => findings > 0)) stopped = "violation"
      if (worlds.count === control[levelEnd]) break
      control[cursor] = control[levelEnd]!
      control[levelEnd] = worlds.count
    }
    const replies = await ask({ kind: "report", messages: [...messages] })
    return conclude(model, replies.filter((reply) => reply.kind === "report").map(({ report }) => report), {
      distinct: worlds.count,
      expanded: expanded() - unfinished,
      levels,
      messages: messages.size,
      peakBytes,
      seconds: (performance.now() - began) / 1000,
      stopped
    })
  } finally {
    clearInterval(timer)
    signal?.removeEventListener("abort", abort)
    await Promise.all(team.map((worker) => worker.terminate()))
  }
}
