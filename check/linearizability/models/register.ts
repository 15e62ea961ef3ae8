// Registers, without and with compare-and-set.
import { Kind } from "../procedures/Cell.ts"
import type { Cells } from "../procedures/Cell.ts"
import { cellProcedure } from "../procedures/cells.ts"
import { FAILED } from "../History.ts"
import type { History, Operation } from "../History.ts"
import type { Model } from "../Model.ts"
import { canonical } from "../Texts.ts"
import type { Json } from "../Texts.ts"
import { sameCall } from "./calls.ts"
import { anything, fromTo, nothing, truth } from "./shapes.ts"

const registerOperations = {
  read: { value: nothing, output: anything },
  write: { value: anything, output: nothing }
}

/** A read-write register; null at first. The state is the canonical text of the value. */
export const register: Model<string> = {
  name: "register",
  operations: registerOperations,
  init: "null",
  step: (state, x) => {
    if (x.op === "write") return canonical(x.value)
    return x.return === null || canonical(x.output) === state ? state : undefined
  },
  reads: (x) => x.op === "read",
  overwrites: (x) => x.op === "write",
  alike: sameCall,
  begins: (operations) => beginnings(operations).map((value) => [{ op: "write", value }]),
  procedure: (history, model) => cellProcedure(history, model, registerCells)
}

/** A register with compare-and-set; null at first. */
export const cas: Model<string> = {
  ...register,
  name: "cas",
  operations: { ...registerOperations, cas: { value: fromTo, output: truth } },
  step: (state, x) => (x.op === "cas" ? casStep(state, x) : register.step(state, x)),
  reads: (x) => x.op === "read" || casFailed(x)
}

/** The values that reads and compare-and-sets look for, and another one. */
export const beginnings = (operations: ReadonlyArray<Operation>): ReadonlyArray<Json> => {
  const values = new Map<string, Json>()
  for (const { op, output, return: returned, value } of operations) {
    const seen = op === "cas" ? (value as ReadonlyArray<Json>)[0]! : output
    if (op === "cas" || returned !== null) values.set(canonical(seen), seen)
  }
  let other = "another"
  while (values.has(canonical(other))) other += "'"
  return [...values.values(), other]
}

/** Compare-and-set from one value to another; `false` means that the value was another. */
export const casStep = (state: string, x: Operation): string | undefined => {
  const [from, to] = (x.value as ReadonlyArray<Json>).map(canonical) as [string, string]
  const hit = state === from
  if (x.return !== null && x.output !== hit) return undefined
  return hit ? to : state
}

export const casFailed = (x: Operation): boolean => x.op === "cas" && x.return !== null && x.output === false

/** What the operations of a register do. */
export const registerCells = (history: History): Cells => {
  const { opNames, ops, outputs, texts, values } = history
  const cells = emptyCells(history, texts.of(null))
  const { a, b, known, open } = cells
  const reads = opNames.indexOf("read")
  const writes = opNames.indexOf("write")
  const pairs = casPairs(history)
  for (let i = 0; i < history.length; i++) {
    if (ops[i] === reads) {
      known[i] = Kind.READ
      a[i] = outputs[i]!
    } else if (ops[i] === writes) {
      known[i] = open[i] = Kind.WRITE
      b[i] = values[i]!
    } else pairs.compile(i, cells)
  }
  return { ...cells, values: texts.length }
}

/** Columns for the operations of a history, all of which say nothing so far. */
export const emptyCells = ({ length }: History, init: number): Omit<Cells, "values"> => ({
  known: new Uint8Array(length),
  open: new Uint8Array(length),
  a: new Int32Array(length),
  b: new Int32Array(length),
  init
})

/** Compiles compare-and-sets. Each pair of values is looked at once. */
export const casPairs = ({ outputs, returns, texts, values }: History) => {
  const froms = new Map<number, number>()
  const tos = new Map<number, number>()
  const yes = texts.of(true)
  return {
    compile: (i: number, { a, b, known, open }: Omit<Cells, "values">) => {
      const pair = values[i]!
      let from = froms.get(pair)
      if (from === undefined) {
        const [f, t] = texts.json(pair) as ReadonlyArray<Json>
        froms.set(pair, (from = texts.of(f!)))
        tos.set(pair, texts.of(t!))
      }
      const to = tos.get(pair)!
      a[i] = from
      b[i] = to
      if (returns[i] === FAILED) return
      known[i] = outputs[i] !== yes ? Kind.NOT : from === to ? Kind.READ : Kind.SWAP
      open[i] = from === to ? Kind.NOTHING : Kind.TRY
    }
  }
}
