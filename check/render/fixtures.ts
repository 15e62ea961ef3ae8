/** Histories and results for tests, the bench and pictures to look at: a few operations by hand, or any number simulated. */
import { History } from "../linearizability/History.ts"
import type { Operation } from "../linearizability/History.ts"
import type { CheckResult, KeyResult, Prefix } from "../linearizability/Result.ts"
import { canonical } from "../linearizability/Texts.ts"
import { Random } from "../Random.ts"
import type { Explainable } from "./Timeline.ts"

interface Given {
  readonly client: number
  readonly op: string
  readonly value?: string
  readonly output?: string
  readonly call: number
  readonly return?: number
  readonly applied?: boolean
}

export const operation = ({ client, op, value, output, call, return: returned, applied }: Given): Operation => ({
  client,
  op,
  key: "x",
  value: value ?? null,
  call,
  return: returned ?? null,
  output: output ?? null,
  ...(applied === undefined ? {} : { applied })
})

/** The first object that is not linearizable, explained. */
export const firstBad = ({ keys }: CheckResult): Explainable => {
  for (const key of keys) if (key.verdict === "illegal" && key.explanation !== undefined) return { ...key, explanation: key.explanation }
  throw new Error("nothing is wrong")
}

/** A get that misses a put which was over, beside operations of all other kinds. Rows are in the order of calls. */
export const staleRead = (): { readonly history: History; readonly result: CheckResult } => {
  const history = History.of([
    operation({ client: 1, op: "put", value: "a", call: 10, return: 20 }),
    operation({ client: 4, op: "put", value: "z", call: 12 }),
    operation({ client: 2, op: "get", output: "a", call: 15, return: 30 }),
    operation({ client: 1, op: "put", value: "b", call: 30, return: 40 }),
    operation({ client: 5, op: "put", value: "f", call: 35, applied: false }),
    operation({ client: 3, op: "get", output: "a", call: 50, return: 60 }),
    operation({ client: 2, op: "get", output: "b", call: 55, return: 55 }),
    operation({ client: 6, op: "append", value: "c", call: 58 }),
    operation({ client: 1, op: "put", value: "d", call: 70, return: 80 })
  ])
  const prefix: Prefix = {
    order: [0, 2, 3, 6],
    states: ["\"a\"", "\"a\"", "\"b\"", "\"b\""],
    next: [
      { row: 5, why: "the state is \"b\", not \"a\"" },
      { row: 1, why: "after it the state would be \"z\", and get() -> \"a\" could not come either" },
      { row: 7, why: "after it the state would be \"bc\", and get() -> \"a\" could not come either" }
    ]
  }
  const withUnknown: Prefix = {
    order: [1, 0, 2, 3, 6],
    states: ["\"z\"", "\"a\"", "\"a\"", "\"b\"", "\"b\""],
    next: [prefix.next[0]!, prefix.next[2]!]
  }
  return {
    history,
    result: {
      verdict: "illegal",
      keys: [{
        key: "x",
        operations: history.length,
        verdict: "illegal",
        explanation: {
          reason: "get() -> \"a\" was called after put(\"b\") had returned, and nobody wrote \"a\" again",
          core: [3, 5],
          isMinimal: true, forgets: false,
          context: [0],
          blocked: 5,
          before: 4,
          prefixes: [prefix, withUnknown]
        }
      }]
    }
  }
}

export interface Simulation {
  readonly operations: number
  readonly clients: number
  readonly keys?: number
  /** The share of changes whose outcome stays unknown; their client goes on under a new number. */
  readonly unknown?: number
  /** So many keys have a read that answers too old a value. */
  readonly bad?: number
  readonly seed?: number
}

/** A history of clients that read and write at random, with the order in which their operations took effect. */
export const simulated = ({ bad = 0, clients, keys = 1, operations, seed = 1, unknown = 0 }: Simulation) => {
  const numbers = new Random(seed)
  const random = () => numbers.fraction()
  const steps: Array<{ op: Operation & { output: string | null; return: number | null }; effect: number }> = []
  const free = Array.from({ length: clients }, (_, client) => ({ client, at: Math.floor(random() * 1000) }))
  let names = clients
  while (steps.length < operations) {
    const one = free.reduce((a, b) => b.at < a.at ? b : a)
    const call = one.at
    const took = 20 + Math.floor(random() ** 3 * 2000)
    const isRead = random() < 0.5
    const isUnknown = !isRead && random() < unknown
    const op = {
      client: one.client,
      op: isRead ? "get" : "put",
      key: `k${Math.floor(random() * keys)}`,
      value: isRead ? null : `v${steps.length}`,
      call,
      return: isUnknown ? null : call + took,
      output: null as string | null
    }
    steps.push({ op, effect: call + Math.floor(random() * took) + 0.5 })
    if (isUnknown) one.client = names++
    one.at = call + took + 1 + Math.floor(random() * 300)
  }
  const order = steps.map((_, row) => row).sort((a, b) => steps[a]!.effect - steps[b]!.effect)
  const orders = new Map<string, Array<number>>()
  const states = new Map<string, Array<string>>()
  for (const row of order) {
    const { op } = steps[row]!
    if (!orders.has(op.key)) {
      orders.set(op.key, [])
      states.set(op.key, [])
    }
    const before = states.get(op.key)!
    const state = op.op === "put" ? op.value as string : before.at(-1) ?? ""
    if (op.op === "get") op.output = state
    before.push(state)
    orders.get(op.key)!.push(row)
  }
  const results = [...orders.keys()].map((key, n): KeyResult => {
    const rows = orders.get(key)!
    if (n >= bad) return { key, operations: rows.length, verdict: "ok", witness: Int32Array.from(rows) }
    return { key, operations: rows.length, verdict: "illegal", explanation: spoil(steps, rows, states.get(key)!) }
  })
  const history = History.of(steps.map(({ op }) => op))
  return { history, result: { verdict: bad > 0 ? "illegal" : "ok", keys: results } satisfies CheckResult }
}

/** Gives a read past the middle an answer that was overwritten before it was called, and says what is wrong then. */
const spoil = (
  steps: ReadonlyArray<{ readonly op: Operation & { output: string | null }; readonly effect: number }>,
  rows: ReadonlyArray<number>,
  states: ReadonlyArray<string>
) => {
  const opOf = (row: number) => steps[row]!.op
  const place = rows.findIndex((row, n) => n > rows.length * 0.6 && opOf(row).op === "get")
  const read = rows[place]!
  const writes = rows.slice(0, place).filter((row) => opOf(row).op === "put" && opOf(row).return !== null)
  const overwriting = writes.findLast((row) => opOf(row).return! < opOf(read).call)!
  const old = writes[writes.indexOf(overwriting) - 1]!
  opOf(read).output = opOf(old).value as string
  const done = rows.slice(0, place)
  const state = canonical(states[place - 1]!)
  const open = rows.slice(place + 1).filter((row) => opOf(row).call < opOf(read).return!).slice(0, 6)
  return {
    reason: `get() -> ${canonical(opOf(old).value)} was called after put(${canonical(opOf(overwriting).value)}) had returned, which came after put(${canonical(opOf(old).value)})`,
    core: [overwriting, read],
    isMinimal: true, forgets: false,
    context: [old],
    blocked: read,
    before: done.filter((row) => (opOf(row).return ?? Infinity) < opOf(read).return!).length,
    prefixes: [{
      order: done,
      states: states.slice(0, place).map((text) => canonical(text)),
      next: [
        { row: read, why: `the state is ${state}, not ${canonical(opOf(old).value)}` },
        ...open.map((row) => ({ row, why: `after it the get could not come either` }))
      ]
    }]
  }
}
