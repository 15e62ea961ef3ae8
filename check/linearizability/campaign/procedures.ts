// The decision procedures of each model, one by one: what is compared with brute force.
import { appends } from "../procedures/appends.ts"
import { breadthFirst } from "../procedures/race.ts"
import { complete, reader } from "../procedures/cells.ts"
import type { Cell, Cells } from "../procedures/Cell.ts"
import { counting } from "../procedures/counting.ts"
import { depthFirstSteps } from "../procedures/depth.ts"
import { distinct } from "../procedures/distinct.ts"
import { elementwise } from "../procedures/elementwise.ts"
import { fencing } from "../procedures/fencing.ts"
import { fifo } from "../procedures/fifo.ts"
import { growOnly } from "../procedures/growOnly.ts"
import type { History } from "../History.ts"
import { holders } from "../procedures/holders.ts"
import { Machine } from "../procedures/machine.ts"
import { locally } from "../procedures/locally.ts"
import type { Model } from "../Model.ts"
import { models } from "../models/index.ts"
import { kvCells } from "../models/kv.ts"
import { mutexCells, ownedLockCells } from "../models/lock.ts"
import { registerCells } from "../models/register.ts"
import { numbered } from "../procedures/numbered.ts"
import type { Budget, Found, Part } from "../procedures/Procedure.ts"
import type { Steps } from "../procedures/race.ts"
import { search } from "../procedures/search.ts"
import { toggles } from "../procedures/toggles.ts"

/** A procedure that may have no answer. */
export type Attempt = (history: History) => (part: Part, budget: Budget) => Found | undefined

/** The procedures for cells, each alone. */
const ofCells = (compile: (history: History) => Cells): Readonly<Record<string, Attempt>> => {
  const attempt = (make: (cells: Cells) => (cell: Cell, budget: Budget) => Found | undefined): Attempt => (history) => {
    const cells = compile(history)
    const read = reader(cells)
    const decide = make(cells)
    return (part, budget) => complete(part, decide(read(part), budget))
  }
  return {
    distinct: attempt((cells) => distinct(cells.values)),
    appends: attempt(appends),
    toggles: attempt(() => toggles),
    holders: attempt(() => holders),
    // In groups as small as the histories.
    locally: attempt((cells) => (cell, { bytes }) => {
      const found = toTheEnd(locally(cells, cell, bytes, [2, 4, 8]))
      return found.verdict === "unknown" ? undefined : found
    }),
    search: attempt((cells) => {
      const steps = search(cells)
      return (cell, { bytes }) => toTheEnd(steps(cell, bytes))
    })
  }
}

const toTheEnd = (steps: Steps): Found => {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

/** The searches that ask `step`. */
const ofModel = (model: Model): Readonly<Record<string, Attempt>> => ({
  depth: (history) => {
    const machine = new Machine(model)
    return (part, { bytes }) => toTheEnd(depthFirstSteps(part, machine.kindsOf(history, part), machine, bytes))
  },
  breadth: (history) => (part, { bytes }) => toTheEnd(breadthFirst(history, part, model, bytes))
})

const own: Readonly<Record<string, Readonly<Record<string, Attempt>>>> = {
  register: ofCells(registerCells),
  cas: ofCells(registerCells),
  kv: ofCells((history) => kvCells(history, null)),
  "kv-empty": ofCells((history) => kvCells(history, "")),
  set: { growOnly, elementwise: (history) => elementwise(history, models["set"]!) },
  counter: { counting },
  queue: { fifo },
  "fenced-lock": { fencing },
  shard: { numbered },
  mutex: ofCells(mutexCells),
  lock: ofCells(ownedLockCells)
}

/** Those that take many times longer than the others, even for small histories. */
const slow = ["depth", "breadth", "locally"]
export const isSlow = (procedure: string): boolean => slow.includes(procedure)
export const isQuick = (procedure: string): boolean => !isSlow(procedure)

/** The procedures of a model, by name, as far as they are wanted; `chosen` is what the checker takes. */
export const proceduresOf = (name: string, isWanted: (procedure: string) => boolean = () => true): Readonly<Record<string, Attempt>> => {
  const model = models[name]
  if (model === undefined) throw new Error(`there is no model ${name} (there are ${Object.keys(models).join(", ")})`)
  const all = { chosen: (history: History) => model.procedure!(history, model), ...own[name], ...ofModel(model) }
  return Object.fromEntries(Object.entries(all).filter(([procedure]) => isWanted(procedure)))
}
