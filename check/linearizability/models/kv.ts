// One key of a map of strings.
import { Kind } from "../procedures/Cell.ts"
import type { Cells } from "../procedures/Cell.ts"
import { cellProcedure } from "../procedures/cells.ts"
import type { History } from "../History.ts"
import type { Model } from "../Model.ts"
import { canonical } from "../Texts.ts"
import type { Json } from "../Texts.ts"
import { sameCall } from "./calls.ts"
import { beginnings, casFailed, casPairs, casStep, emptyCells } from "./register.ts"
import { nothing, text, textFromTo, textOrNull, truth, truthOrNull } from "./shapes.ts"

const map = (name: string, absent: Json): Model<string> => ({
  name,
  operations: {
    get: { value: nothing, output: textOrNull },
    put: { value: text, output: nothing },
    append: { value: text, output: nothing },
    cas: { value: textFromTo, output: truth },
    delete: { value: nothing, output: truthOrNull }
  },
  init: canonical(absent),
  step: (state, x) => {
    switch (x.op) {
      case "get":
        return x.return === null || canonical(x.output) === state ? state : undefined
      case "put":
        return canonical(x.value)
      case "append":
        return canonical(((JSON.parse(state) as string | null) ?? "") + (x.value as string))
      case "delete":
        return x.output === null || x.output === (state !== canonical(absent)) ? canonical(absent) : undefined
      default:
        return casStep(state, x)
    }
  },
  reads: (x) => x.op === "get" || casFailed(x) || (x.op === "delete" && x.output === false),
  overwrites: (x) => x.op === "put" || (x.op === "delete" && x.output === null),
  alike: sameCall,
  // A string that grows may have begun as the beginning of any that was seen: too many.
  begins: (operations) =>
    operations.some((x) => x.op === "append")
      ? undefined
      : [
          [{ op: "delete", value: null }],
          ...beginnings(operations.filter((x) => x.op !== "delete")).flatMap((value) => (typeof value === "string" ? [[{ op: "put", value }]] : []))
        ],
  procedure: (history, model) => cellProcedure(history, model, () => kvCells(history, absent))
})

/**
 * One key of a map of strings: get, put, append, cas, delete. An absent key is a value of its own, null; to append to it
 * is to put. A delete that tells whether the key was there answers true or false.
 */
export const kv = map("kv", null)

/** The same map where an absent key reads as the empty string, as in Porcupine's logs and the MIT labs. */
export const kvEmpty = map("kv-empty", "")

/** What the operations of a key do. */
export const kvCells = (history: History, absent: Json): Cells => {
  const { opNames, ops, outputs, texts, values } = history
  const init = texts.of(absent)
  const cells = emptyCells(history, init)
  const { a, b, known, open } = cells
  const [get, put, append, remove] = ["get", "put", "append", "delete"].map((name) => opNames.indexOf(name))
  const [yes, no] = [texts.of(true), texts.of(false)]
  const pairs = casPairs(history)
  for (let i = 0; i < history.length; i++) {
    switch (ops[i]) {
      case get:
        known[i] = Kind.READ
        a[i] = outputs[i]!
        break
      case put:
        known[i] = open[i] = Kind.WRITE
        b[i] = values[i]!
        break
      case append:
        known[i] = open[i] = Kind.APPEND
        b[i] = values[i]!
        break
      case remove:
        known[i] = outputs[i] === yes ? Kind.CHANGE : outputs[i] === no ? Kind.READ : Kind.WRITE
        open[i] = Kind.WRITE
        a[i] = b[i] = init
        break
      default:
        pairs.compile(i, cells)
    }
  }
  return { ...cells, values: texts.length, texts }
}
