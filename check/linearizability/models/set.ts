// A set.
import { elementwise } from "../procedures/elementwise.ts"
import { growOnly } from "../procedures/growOnly.ts"
import { orGeneral } from "../procedures/race.ts"
import { canonical } from "../Texts.ts"
import type { Json } from "../Texts.ts"
import type { History, Operation } from "../History.ts"
import type { Model } from "../Model.ts"
import type { Part } from "../procedures/Procedure.ts"
import { mayAnswer, sameCall } from "./calls.ts"
import { anything, list, nothing, truth, truthOrNull } from "./shapes.ts"

/**
 * A set of JSON values, empty at first: `add` v and `remove` v answer nothing, or whether they changed it; `contains` v
 * answers whether v is there; `read` lists the elements, each once, in any order.
 *
 * A state is the canonical texts of the elements, sorted.
 */
export const set: Model<ReadonlyArray<string>> = {
  name: "set",
  operations: {
    add: { value: anything, output: truthOrNull },
    remove: { value: anything, output: truthOrNull },
    contains: { value: anything, output: truth },
    read: { value: nothing, output: list }
  },
  init: [],
  step: (elements, x) => {
    if (x.op === "read") return x.return === null || isListOf(elements, x.output) ? elements : undefined
    const element = canonical(x.value)
    const isThere = elements.includes(element)
    if (x.op === "contains") return mayAnswer(x, isThere) ? elements : undefined
    const changes = isThere !== (x.op === "add")
    if (x.output !== null && x.output !== changes) return undefined
    if (!changes) return elements
    return isThere ? elements.filter((e) => e !== element) : [...elements, element].sort()
  },
  reads: (x: Operation) => x.op === "read" || x.op === "contains" || (x.return !== null && x.output === false),
  alike: sameCall,
  describeState: (elements) => `{${elements.join(", ")}}`,
  procedure: (history, model) => {
    const grown = growOnly(history)
    const byElement = elementwise(history, model)
    return orGeneral(history, model, (part, budget) => grown(part) ?? byElement(part, budget), replayer(history))
  }
}

const isListOf = (elements: ReadonlyArray<string>, output: Json): boolean => {
  const listed = (output as ReadonlyArray<Json>).map(canonical).sort()
  return listed.length === elements.length && listed.every((e, i) => e === elements[i])
}

/** `step`, said once more for long orders: see `Procedure.replay`. */
const replayer = ({ opNames, ops, outputs, texts, values }: History) => {
  const [yes, no] = [texts.of(true), texts.of(false)]
  const listed = new Map<number, ReadonlyArray<number>>()
  const elementsOf = (output: number): ReadonlyArray<number> => {
    const known = listed.get(output)
    if (known !== undefined) return known
    const elements = (texts.json(output) as ReadonlyArray<Json>).map((element) => texts.of(element))
    listed.set(output, elements)
    return elements
  }
  return ({ answered, rows }: Part, order: Int32Array): number | undefined => {
    const elements = new Set<number>()
    for (const i of order) {
      const row = rows[i]!
      const op = opNames[ops[row]!]
      const answer = answered[i] === 1 ? outputs[row]! : undefined
      if (op === "read") {
        const all = answer === undefined ? [...elements] : elementsOf(answer)
        if (new Set(all).size !== elements.size || all.length !== elements.size || !all.every((e) => elements.has(e))) return i
        continue
      }
      const isThere = elements.has(values[row]!)
      if (op === "contains") {
        if (answer !== undefined && answer !== (isThere ? yes : no)) return i
        continue
      }
      const changes = isThere !== (op === "add")
      if ((answer === yes && !changes) || (answer === no && changes)) return i
      if (op === "add") elements.add(values[row]!)
      else elements.delete(values[row]!)
    }
    return undefined
  }
}
