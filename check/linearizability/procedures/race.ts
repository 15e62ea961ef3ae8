// Several searches for one object: what is hard for one is often easy for the other (Lowe 2017 found no single winner).
import { breadthFirstSteps } from "./breadth.ts"
import { depthFirstSteps } from "./depth.ts"
import type { History } from "../History.ts"
import { Machine } from "./machine.ts"
import type { Model } from "../Model.ts"
import type { Budget, Found, Part, Procedure } from "./Procedure.ts"

/** A search in small steps. */
export type Steps = Generator<void, Found>

/** How long the first one runs alone, in milliseconds: at least, and for each operation. */
const HEAD_START = 20
const HEAD_START_EACH = 0.01
/** How long each then goes on at a time. */
const TURN = 10

/**
 * The answer of whichever ends first, of searches for an order of so many operations. The others are not even begun while
 * the first has a head start.
 */
export const race = (operations: number, first: Steps, others: ReadonlyArray<() => Steps>, { deadline }: Budget): Found => {
  if (performance.now() > deadline) return { verdict: "unknown", reason: "time" }
  let answer = runFor(first, Math.min(HEAD_START + HEAD_START_EACH * operations, deadline - performance.now()))
  if (answer !== undefined && answer.verdict !== "unknown") return answer
  let last: Found = answer ?? { verdict: "unknown", reason: "time" }
  const running = [...(answer === undefined ? [first] : []), ...others.map((begin) => begin())]
  while (running.length > 0) {
    for (const steps of [...running]) {
      const time = Math.min(TURN, deadline - performance.now())
      if (time <= 0) return { verdict: "unknown", reason: "time" }
      answer = runFor(steps, time)
      if (answer === undefined) continue
      if (answer.verdict !== "unknown") return answer
      if (answer.reason === "memory") last = answer
      running.splice(running.indexOf(steps), 1)
    }
  }
  return last
}

/** What a search may fill in a race. Two of them mostly do; and what was outgrown is given back a little later. */
export const bytesOfEach = ({ bytes }: Budget): number => 0.45 * bytes

const runFor = (steps: Steps, milliseconds: number): Found | undefined => {
  const end = performance.now() + milliseconds
  for (let k = 1; ; k++) {
    const { done, value } = steps.next()
    if (done === true) return value
    if ((k & 15) === 0 && performance.now() > end) return undefined
  }
}

/** The breadth-first search of a part, asking `step`. */
export const breadthFirst = (history: History, part: Part, model: Model, bytes: number): Steps => {
  const machine = new Machine(model)
  return breadthFirstSteps(part, machine.kindsOf(history, part), machine, bytes)
}

/** The procedure for models that have none of their own: both searches, asking `step`. */
export const general = (history: History, model: Model): Procedure => {
  let machine = new Machine(model)
  return (part: Part, budget: Budget) => {
    if (machine.bytes > budget.bytes / 4) machine = new Machine(model)
    const kinds = machine.kindsOf(history, part)
    const bytes = bytesOfEach(budget)
    return race(part.rows.length, depthFirstSteps(part, kinds, machine, bytes), [() => breadthFirstSteps(part, kinds, machine, bytes)], budget)
  }
}

/** The procedure for models where `attempt` decides what it can; orders are replayed by `replay`. */
export const orGeneral = (
  history: History,
  model: Model,
  attempt: (part: Part, budget: Budget) => Found | undefined,
  replay?: NonNullable<Procedure["replay"]>
): Procedure => {
  const search = general(history, model)
  const decide: Procedure = (part, budget) => attempt(part, budget) ?? search(part, budget)
  return replay === undefined ? decide : Object.assign(decide, { replay })
}
