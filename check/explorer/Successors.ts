/** All successors of a world, by table look-ups alone once its cells are known: the explorer's inner loop. */
import {
  type Locals,
  sendSet,
  sendTo,
  sendWidth,
  stepBudget,
  stepFirstSend,
  stepLabel,
  stepLastSend,
  stepTransition,
  stepWidth
} from "./Locals.ts"
import { weight, type Worlds } from "./Worlds.ts"

export class Successors<A, M, G> {
  /** Rows of `Worlds.stride` words: a successor's vector, then the index of the world it comes from. */
  rows: Int32Array
  /** Per row: the weighted sum of its vector, as `Worlds.addAll` takes it; and the step that leads there. */
  sums: Int32Array
  steps: Int32Array
  /** Rows filled. */
  length = 0
  /** Successors generated so far, by number of label; also those that equal their world and weren't written. */
  generated = new Float64Array(0)
  /** The step being taken, for the one who catches a Crash. */
  step = -1

  private readonly locals: Locals<A, M, G>
  private readonly worlds: Worlds
  private readonly onStep: (step: number, world: number) => void
  private readonly weights: Int32Array
  private readonly left: Int32Array
  private readonly current: Int32Array

  /** `onStep` is called whenever some world is the first to take a step from a cell. */
  constructor(locals: Locals<A, M, G>, worlds: Worlds, onStep: (step: number, world: number) => void) {
    this.locals = locals
    this.worlds = worlds
    this.onStep = onStep
    this.rows = new Int32Array(256 * worlds.stride)
    this.sums = new Int32Array(256)
    this.steps = new Int32Array(256)
    this.weights = Int32Array.from({ length: worlds.width }, (_, k) => weight(k))
    this.left = new Int32Array(locals.budgets.length)
    this.current = new Int32Array(worlds.stride)
  }

  /** Appends the root. */
  root(vector: Int32Array): void {
    this.rows.set(vector)
    this.rows[this.worlds.width] = -1
    this.sums[0] = vector.reduce((sum, part, k) => sum + Math.imul(part, this.weights[k]!), 0)
    this.length = 1
  }

  /**
   * Appends the successors of a world, one for every action's outcome and every message that gives a step; those equal
   * to the world itself only if `loops`. Throws a Crash when a function of the model throws; the rows before it stay.
   */
  expand(world: number, loops: boolean): void {
    const { current, left, locals, weights, worlds } = this
    const { arena, stride, width } = worlds
    const actors = width - 2
    const at = world * stride
    let sum = 0
    for (let k = 0; k < width; k++) {
      const part = arena[at + k]!
      current[k] = part
      sum = (sum + Math.imul(part, weights[k]!)) | 0
    }
    current[width] = world
    const ghost = current[actors]!
    const budgets = current[actors + 1]!
    for (let budget = 0; budget < left.length; budget++) left[budget] = locals.left(budgets, budget)

    for (let position = 0; position < actors; position++) {
      const cell = current[position]!
      if (locals.firstEdge.items[cell]! < 0) locals.expand(cell)
      if (locals.labels.length > this.generated.length) this.moreLabels()
      const last = locals.lastEdge.items[cell]!
      // Steps and edges are added by `locals.expand` only, so their tables stay where they are during this loop.
      const { generated } = this
      const { items: edgeStep } = locals.edgeStep
      const { items: edgeNext } = locals.edgeNext
      const { items: steps } = locals.stepFields
      const { items: sends } = locals.sendFields
      for (let edge = locals.firstEdge.items[cell]!; edge < last; edge++) {
        const step = edgeStep[edge]!
        const fields = step * stepWidth
        const budget = steps[fields + stepBudget]!
        if (budget >= 0 && left[budget] === 0) continue
        this.step = step
        let next = edgeNext[edge]!
        if (next < 0) {
          next = locals.take(edge, cell)
          this.onStep(step, world)
        }
        generated[steps[fields + stepLabel]!]!++

        // Most steps of most models change nothing: there is no row until something does.
        let row = -1
        let nextSum = sum
        if (next !== cell || budget >= 0 || loops) {
          row = this.newRow()
          this.rows[row + position] = next
          nextSum = (nextSum + Math.imul(next - cell, weights[position]!)) | 0
        }
        const lastSend = steps[fields + stepLastSend]!
        for (let send = steps[fields + stepFirstSend]!; send < lastSend; send += sendWidth) {
          const to = sends[send + sendTo]!
          if (to === position) continue
          const before = current[to]!
          const after = locals.deliver(before, sends[send + sendSet]!)
          if (after === before) continue
          if (row < 0) row = this.newRow()
          this.rows[row + to] = after
          nextSum = (nextSum + Math.imul(after - before, weights[to]!)) | 0
        }
        const nextGhost = locals.remember(ghost, steps[fields + stepTransition]!)
        if (nextGhost !== ghost) {
          if (row < 0) row = this.newRow()
          this.rows[row + actors] = nextGhost
          nextSum = (nextSum + Math.imul(nextGhost - ghost, weights[actors]!)) | 0
        }
        if (budget >= 0) {
          const price = locals.price(budget)
          this.rows[row + actors + 1] = budgets - price
          nextSum = (nextSum - Math.imul(price, weights[actors + 1]!)) | 0
        }
        if (row < 0) continue
        this.sums[this.length] = nextSum
        this.steps[this.length++] = step
      }
    }
  }

  /** Copies the world being expanded to the next row, and gives the row's place in `rows`. */
  private newRow(): number {
    if (this.length === this.steps.length) this.grow()
    const { current, rows } = this
    const row = this.length * current.length
    for (let k = 0; k < current.length; k++) rows[row + k] = current[k]!
    return row
  }

  private moreLabels(): void {
    const generated = new Float64Array(2 * this.locals.labels.length)
    generated.set(this.generated)
    this.generated = generated
  }

  private grow(): void {
    this.rows = twice(this.rows)
    this.sums = twice(this.sums)
    this.steps = twice(this.steps)
  }
}

const twice = (items: Int32Array): Int32Array => {
  const grown = new Int32Array(2 * items.length)
  grown.set(items)
  return grown
}
