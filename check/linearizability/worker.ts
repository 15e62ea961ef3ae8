// A thread of `Threads`.
import { parentPort } from "node:worker_threads"
import { Checker } from "./check.ts"
import type { Decided } from "./check.ts"
import { History } from "./History.ts"
import type { Model } from "./Model.ts"
import { models } from "./models/index.ts"
import { turns } from "./parallel.ts"
import type { Reply, Task } from "./parallel.ts"

const modelOf = async (ref: string | URL): Promise<Model> => {
  if (typeof ref === "string") return models[ref]!
  const module = (await import(ref.href)) as { readonly default?: Model; readonly model?: Model }
  return (module.default ?? module.model)!
}

const perform = async ({ bytes, deadline, few, history, model, queue, rows, starts, taken }: Task): Promise<Reply> => {
  const columns = History.shared(history)
  const names = Array.from({ length: starts.length - 1 }, String)
  const checker = new Checker(columns, await modelOf(model), { names, starts, rows })
  const budget = { bytes, deadline: deadline - performance.timeOrigin }
  const objects: Array<number> = []
  const decided: Array<Decided> = []
  for (const some of turns(queue, taken, few)) {
    const answers = checker.decide(some, budget)
    for (const o of some) {
      objects.push(o)
      decided.push(answers[o]!)
    }
  }
  return { objects, decided }
}

parentPort!.on("message", (task: Task) => {
  void perform(task).then(
    (reply) => parentPort!.postMessage(reply),
    (error: unknown) => parentPort!.postMessage({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  )
})
