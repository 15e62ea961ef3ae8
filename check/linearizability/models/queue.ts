// A first-in-first-out queue.
import { fifo } from "../fifo.ts"
import type { Model } from "../Model.ts"
import { orGeneral } from "../race.ts"
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
  procedure: (history, model) => orGeneral(history, model, fifo(history))
}
