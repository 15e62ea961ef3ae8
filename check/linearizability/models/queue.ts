// A first-in-first-out queue.
import { fifo } from "../procedures/fifo.ts"
import type { History } from "../History.ts"
import type { Model } from "../Model.ts"
import type { Part } from "../procedures/Procedure.ts"
import { orGeneral } from "../procedures/race.ts"
import { canonical } from "../Texts.ts"
import type { Json } from "../Texts.ts"
import { mayAnswer, sameCall } from "./calls.ts"
import { anything, nothing, something } from "./shapes.ts"

/** A first-in-first-out queue, empty at first: `enq` v, `deq` -> v, or null when it is empty. */
export const queue: Model<ReadonlyArray<Json>> = {
  name: "queue",
  operations: {
    enq: { value: something, output: nothing },
    deq: { value: nothing, output: anything }
  },
  init: [],
  step: (elements, x) => {
    if (x.op === "enq") return [...elements, x.value]
    return mayAnswer(x, elements[0] ?? null) ? elements.slice(1) : undefined
  },
  reads: (x) => x.op === "deq" && x.return !== null && x.output === null,
  alike: sameCall,
  // Without an element, all others leave the queue as before, and in the same order.
  about: (x) => {
    if (x.op === "enq") return canonical(x.value)
    return x.return === null || x.output === null ? undefined : canonical(x.output)
  },
  procedure: (history, model) => orGeneral(history, model, fifo(history), replayer(history))
}

/** `step`, said once more for long orders: see `Procedure.replay`. */
const replayer = ({ opNames, ops, outputs, texts, values }: History) => {
  const enqueue = opNames.indexOf("enq")
  const none = texts.of(null)
  return ({ answered, rows }: Part, order: Int32Array): number | undefined => {
    const elements = new Int32Array(order.length)
    let head = 0
    let end = 0
    for (const i of order) {
      const row = rows[i]!
      if (ops[row] === enqueue) {
        elements[end++] = values[row]!
        continue
      }
      const first = head < end ? elements[head++]! : none
      if (answered[i] === 1 && outputs[row] !== first) return i
    }
    return undefined
  }
}
