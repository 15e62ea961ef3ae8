// A counter.
import { counting } from "../counting.ts"
import type { Model } from "../Model.ts"
import { orGeneral } from "../race.ts"
import { sameCall } from "./calls.ts"
import { nothing, number, numberOrNull } from "./shapes.ts"

/** A counter, 0 at first: `add` d, which answers nothing or the new value, and `read` -> value. */
export const counter: Model<number> = {
  name: "counter",
  operations: {
    add: { value: number, output: numberOrNull },
    read: { value: nothing, output: number }
  },
  init: 0,
  step: (count, x) => {
    if (x.op === "read") return x.return === null || x.output === count ? count : undefined
    const after = count + (x.value as number)
    return x.return === null || x.output === null || x.output === after ? after : undefined
  },
  reads: (x) => x.op === "read" || x.value === 0,
  alike: sameCall,
  procedure: (history, model) => orGeneral(history, model, counting(history))
}
