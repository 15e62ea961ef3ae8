// The same over several threads: they share the columns of the history, and each takes the next few objects that none has
// taken, the largest first, until there are none.
import { Worker } from "node:worker_threads"
import { Checker, conclude } from "./check.ts"
import type { CheckOptions, Decided } from "./check.ts"
import { History } from "./History.ts"
import type { Operation } from "./History.ts"
import type { Model } from "./Model.ts"
import { models } from "./models/index.ts"
import { objectsIn } from "./parts.ts"
import { inSharedMemory } from "./sharing.ts"
import type { CheckResult } from "./Result.ts"

/** What a thread is told. Arrays lie in shared memory. */
export interface Task {
  readonly history: ReturnType<History["share"]>
  /** The name of a built-in model, or the module that has one. */
  readonly model: string | URL
  readonly starts: Int32Array
  readonly rows: Int32Array
  /** The objects in the order in which they are taken, and how many have been. */
  readonly queue: Int32Array
  readonly taken: Int32Array
  /** How many are taken at a time. */
  readonly few: number
  /** On the clock that threads share: milliseconds since 1970. */
  readonly deadline: number
  readonly bytes: number
}

/** What a thread answers: its objects and what it decided of each, or why it could not. */
export type Reply = { readonly objects: ReadonlyArray<number>; readonly decided: ReadonlyArray<Decided> } | { readonly error: string }

/** How many objects are taken at a time: so many that all have enough, and nobody waits long at the end. */
const TURNS = 16

export interface ParallelOptions extends CheckOptions {
  /** For a model that is not built in: the module that has it as `default` or `model`. */
  readonly module?: URL
}

/** Beside this module, as TypeScript or as what it was built to. */
const script = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url)

/** Threads that check histories, one history at a time, beside the thread that asks. They stay until `close`. */
export class Threads {
  readonly #workers: ReadonlyArray<Worker>

  /** `count` threads, this one included. */
  constructor(count: number) {
    this.#workers = Array.from({ length: count - 1 }, () => new Worker(script))
    for (const worker of this.#workers) worker.unref()
  }

  /**
   * As `checkLinearizable`. A model that is neither built in nor comes with its module is checked by this thread alone.
   * Explanations are this thread's affair, too.
   */
  async check(history: History | ReadonlyArray<Operation>, model: Model, options: ParallelOptions = {}): Promise<CheckResult> {
    const columns = history instanceof History ? history : History.of(history)
    const objects = objectsIn(columns, model)
    const checker = new Checker(columns, model, objects)
    const { explanations = true, memoryBytes = 2 ** 30, module, timeoutMs = 10_000 } = options
    const threads = this.#workers.length + 1
    const budget = { deadline: performance.now() + timeoutMs, bytes: memoryBytes / threads }
    const name = module ?? (models[model.name] === model ? model.name : undefined)
    const decided: Array<Decided> = []
    if (name === undefined || threads === 1 || objects.names.length === 1) {
      Object.assign(decided, checker.decide(objects.names.keys(), budget))
    } else {
      const size = (o: number) => objects.starts[o + 1]! - objects.starts[o]!
      const queue = inSharedMemory(Int32Array.from(objects.names.keys()).sort((x, y) => size(y) - size(x)))
      const taken = inSharedMemory(new Int32Array(1))
      const few = Math.ceil(queue.length / (TURNS * threads))
      const task: Task = {
        history: columns.share(name instanceof URL),
        model: name,
        starts: inSharedMemory(objects.starts),
        rows: inSharedMemory(objects.rows),
        queue,
        taken,
        few,
        deadline: performance.timeOrigin + budget.deadline,
        bytes: budget.bytes
      }
      const replies = this.#workers.map((worker) => ask(worker, task))
      for (const some of turns(queue, taken, few)) {
        for (const [o, answer] of checker.decide(some, budget).entries()) if (answer !== undefined) decided[o] = answer
      }
      for (const reply of await Promise.all(replies)) reply.objects.forEach((o, k) => (decided[o] = reply.decided[k]!))
    }
    return conclude(checker, decided, explanations ? budget : undefined)
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}

/** Takes objects from the queue, a few at a time, as long as there are any. */
export function* turns(queue: Int32Array, taken: Int32Array, few: number): Generator<Int32Array> {
  for (;;) {
    const from = Atomics.add(taken, 0, few)
    if (from >= queue.length) return
    yield queue.subarray(from, from + few)
  }
}

const ask = (worker: Worker, task: Task): Promise<Exclude<Reply, { readonly error: string }>> =>
  new Promise((resolve, reject) => {
    const end = () => {
      worker.off("message", onReply)
      worker.off("error", onError)
      worker.unref()
    }
    const onReply = (reply: Reply) => {
      end()
      if ("error" in reply) reject(new Error(reply.error))
      else resolve(reply)
    }
    const onError = (error: unknown) => {
      end()
      reject(error as Error)
    }
    worker.ref()
    worker.on("message", onReply)
    worker.on("error", onError)
    worker.postMessage(task)
  })

