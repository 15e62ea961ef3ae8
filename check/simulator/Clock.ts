/**
 * Virtual time: what is due next happens next, and no time passes in between. Milliseconds from 0.
 *
 * Stories that take time are generators (as in SimPy): `yield 50` waits for 50 ms while everything else goes on.
 */

/** What is due, and when; once cancelled it never happens. */
export interface Due {
  readonly time: number
  /** Of two things due at the same time the one asked for first happens first. */
  readonly order: number
  readonly happen: () => void
  cancelled: boolean
}

/** A story: yields how long it waits, and returns what came of it. */
export type Process<A> = Generator<number, A, void>

/** A story under way. */
export interface Task<A> {
  result: { readonly value: A } | undefined
}

const before = (a: Due, b: Due): boolean => a.time < b.time || (a.time === b.time && a.order < b.order)

export class Clock {
  now = 0
  /** A binary heap: none is due before its parent. */
  readonly #queue: Array<Due> = []
  #asked = 0

  after(delay: number, happen: () => void): Due {
    const due: Due = { time: this.now + delay, order: this.#asked++, happen, cancelled: false }
    const queue = this.#queue
    let at = queue.length
    for (; at > 0; at = (at - 1) >> 1) {
      const parent = queue[(at - 1) >> 1]!
      if (!before(due, parent)) break
      queue[at] = parent
    }
    queue[at] = due
    return due
  }

  /** Begins at once; what it throws ends the run that comes upon it. */
  spawn<A>(process: Process<A>): Task<A> {
    const task: Task<A> = { result: undefined }
    const resume = () => {
      const next = process.next()
      if (next.done === true) task.result = { value: next.value }
      else this.after(next.value, resume)
    }
    resume()
    return task
  }

  /** Lets time pass until the story is over; `undefined`: it isn't at `limit`. */
  run<A>(process: Process<A>, limit = Infinity): A | undefined {
    const task = this.spawn(process)
    while (task.result === undefined) {
      const due = this.next()
      if (due === undefined || due.time > limit) return undefined
      this.now = due.time
      due.happen()
    }
    return task.result.value
  }

  /** Takes off the queue what is due next; the time stays. */
  next(): Due | undefined {
    const queue = this.#queue
    for (;;) {
      const first = queue[0]
      const last = queue.pop()
      if (first === undefined || last === undefined) return undefined
      if (queue.length > 0) {
        let at = 0
        for (let child = 1; child < queue.length; child = 2 * at + 1) {
          if (child + 1 < queue.length && before(queue[child + 1]!, queue[child]!)) child++
          if (!before(queue[child]!, last)) break
          queue[at] = queue[child]!
          at = child
        }
        queue[at] = last
      }
      if (!first.cancelled) return first
    }
  }
}

/** Waits for all of them. */
export function* join<A>(tasks: ReadonlyArray<Task<A>>): Process<ReadonlyArray<A>> {
  while (tasks.some((task) => task.result === undefined)) yield 5
  return tasks.map((task) => task.result!.value)
}
