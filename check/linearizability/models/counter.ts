// A counter.
import { counting } from "../procedures/counting.ts"
import type { History } from "../History.ts"
import type { Model } from "../Model.ts"
import type { Part } from "../procedures/Procedure.ts"
import { orGeneral } from "../procedures/race.ts"
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
  procedure: (history, model) => orGeneral(history, model, counting(history), replayer(history))
}

/** `step`, said once more for long orders: see `Procedure.replay`. */
const replayer = ({ opNames, ops, outputs, texts, values }: History) => {
  const add = opNames.indexOf("add")
  const none = texts.of(null)
  return ({ answered, rows }: Part, order: Int32Array): number | undefined => {
    let count = 0
    for (const i of order) {
      const row = rows[i]!
      if (ops[row] === add) count += texts.json(values[row]!) as number
      if (answered[i] === 1 && outputs[row] !== none && texts.json(outputs[row]!) !== count) return i
    }
    return undefined
  }
}
