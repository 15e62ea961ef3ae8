// The decision procedures of each model, one by one: what is compared with brute force.
import { reader } from "./cells.ts"
import type { Cell, Cells } from "./Cell.ts"
import { counting } from "./counting.ts"
import { fencing } from "./fencing.ts"
import { fifo } from "./fifo.ts"
import { growOnly } from "./growOnly.ts"
import type { History } from "./History.ts"
import { holders } from "./holders.ts"
import { mutexCells, ownedLockCells } from "./models/lock.ts"
import { numbered } from "./numbered.ts"
import type { Budget, Found, Part } from "./Procedure.ts"
import { toggles } from "./toggles.ts"

/** A procedure that may have no answer. */
export type Attempt = (history: History) => (part: Part, budget: Budget) => Found | undefined

const ofCells = (compile: (history: History) => Cells, decide: (cell: Cell) => Found | undefined): Attempt => (history) => {
  const read = reader(compile(history))
  return (part) => decide(read(part))
}

/** By model, then by name. */
export const procedures: Readonly<Record<string, Readonly<Record<string, Attempt>>>> = {
  set: { growOnly },
  counter: { counting },
  queue: { fifo },
  lock: { holders: ofCells(ownedLockCells, holders) },
  "fenced-lock": { fencing },
  shard: { numbered },
  mutex: { toggles: ofCells(mutexCells, toggles) }
}
