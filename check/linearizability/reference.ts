// For the tests: the definition of linearizability, tried out in full, and histories to try it on.
import fc from "fast-check"
import type { Json, Operation } from "./History.ts"
import type { Model, State } from "./Model.ts"
import { cas, kv, kvEmpty, lock, queue, register } from "./models.ts"
import { shard } from "./shardModel.ts"

/**
 * Whether one key's history is linearizable, by trying all orders. Knows nothing of the model but `init` and `step`, and
 * remembers only, for a set of placed operations and a state, that it has been there.
 */
export const linearizable = (history: ReadonlyArray<Operation>, model: Model): boolean => {
  const visited = new Set<string>()
  const from = (rest: ReadonlyArray<Operation>, state: State): boolean => {
    if (rest.every((x) => x.return === null)) return true
    const place = `${rest.map((x) => history.indexOf(x))} ${state}`
    if (visited.has(place)) return false
    visited.add(place)
    const firstReturn = Math.min(...rest.map((x) => x.return ?? Infinity))
    return rest.some((x) => {
      if (x.call > firstReturn) return false
      const after = model.step(state, x)
      return after !== undefined && from(rest.filter((y) => y !== x), after)
    })
  }
  return from(history, model.init)
}

/** What one model's histories are made of: operations without times, and what each answers in a state. */
interface Vocabulary {
  readonly model: Model
  readonly operations: ReadonlyArray<readonly [op: string, value: Json]>
  readonly answer: (state: State, op: string, value: Json, client: number) => Json
  /** Outputs to put in the place of right ones. */
  readonly wrong: (op: string) => ReadonlyArray<Json>
}

const pairs = (values: ReadonlyArray<Json>): Array<Json> => values.flatMap((a) => values.map((b) => [a, b]))
const answersCas = (state: State, value: Json): boolean => JSON.stringify((value as ReadonlyArray<Json>)[0]) === state

const registerWords = ["read", "read"].map((op) => [op, null] as const)
const writes = [0, 1, 2].map((v) => ["write", v] as const)

const kvWords = [
  ...["get", "get", "get"].map((op) => [op, null] as const),
  ...["", "a", "b"].map((v) => ["put", v] as const),
  ...["a", "b", "ab"].map((v) => ["append", v] as const)
]

const kvVocabulary = (model: Model, more: Vocabulary["operations"]): Vocabulary => ({
  model,
  operations: [...kvWords, ...more],
  answer: (state, op, value) => {
    if (op === "get") return JSON.parse(state) as Json
    if (op === "cas") return answersCas(state, value)
    return op === "delete" && value === null ? state !== model.init : null
  },
  wrong: (op) => (op === "get" ? [null, "", "a", "b", "ab", "aab"] : [true, false])
})

/** The vocabularies by name, one or more for each model. */
export const vocabularies: Readonly<Record<string, Vocabulary>> = {
  register: {
    model: register,
    operations: [...registerWords, ...writes],
    answer: (state) => JSON.parse(state) as Json,
    wrong: () => [null, 0, 1, 2, 3]
  },
  cas: {
    model: cas,
    operations: [...registerWords, ...writes, ...pairs([0, 1, 2]).map((v) => ["cas", v] as const)],
    answer: (state, op, value) => (op === "read" ? (JSON.parse(state) as Json) : answersCas(state, value)),
    wrong: (op) => (op === "read" ? [null, 0, 1, 2] : [true, false])
  },
  "kv: get, put, append": kvVocabulary(kvEmpty, []),
  "kv: all five": kvVocabulary(kv, [
    ...pairs(["a", "ab"]).map((v) => ["cas", v] as const),
    ["cas", [null, "a"]],
    ["delete", null],
    ["delete", null]
  ]),
  queue: {
    model: queue,
    operations: [
      ["enq", "a"],
      ["enq", "b"],
      ["enq", "c"],
      ["deq", null],
      ["deq", null],
      ["deq", null]
    ],
    answer: (state) => (JSON.parse(state) as ReadonlyArray<Json>)[0] ?? null,
    wrong: () => [null, "a", "b", "c"]
  },
  lock: {
    model: lock,
    operations: [
      ["acquire", null],
      ["tryacquire", null],
      ["release", null],
      ["release", null]
    ],
    answer: (state, op, _, client) => (op === "acquire" ? true : state === (op === "release" ? String(client) : "free")),
    wrong: (op) => (op === "acquire" ? [true] : [true, false])
  },
  shard: {
    model: shard,
    operations: [
      ["join", { 1: ["a"] }],
      ["join", { 2: ["b"] }],
      ["leave", [1]],
      ["move", { shard: 3, gid: 2 }],
      ["query", -1],
      ["query", -1],
      ["query", 1]
    ],
    answer: (state, _, value) => {
      const all = JSON.parse(state) as ReadonlyArray<Json>
      return all[value as number] ?? all.at(-1)!
    },
    wrong: () => []
  }
}

const silent = new Set(["write", "put", "append", "enq", "join", "leave", "move"])

/**
 * Histories of one key: operations with random times take effect on the model at a random moment in between (so that
 * without a fault the history is linearizable); some of them are of unknown outcome. A fault exchanges an output for a
 * wrong one or another operation's; where there is no output, the operation is acknowledged and lost. Times are few, so
 * that ties abound.
 */
export const histories = (
  { model, operations, answer, wrong }: Vocabulary,
  maxLength = 9
): fc.Arbitrary<ReadonlyArray<Operation>> =>
  fc
    .record({
      deletesAnswer: fc.boolean(),
      plans: fc.array(
        fc.record({
          word: fc.constantFrom(...operations),
          client: fc.nat(2),
          call: fc.nat(12),
          length: fc.nat(6),
          effect: fc.nat(6),
          outcome: fc.constantFrom("known", "known", "known", "lost", "late", "never"),
          fault: fc.option(fc.nat(20), { freq: 6 })
        }),
        { minLength: 1, maxLength }
      )
    })
    .map(({ plans, deletesAnswer }) => {
      let state = model.init
      const outputs: Array<readonly [op: string, output: Json]> = []
      const run = plans
        .map((plan) => ({ ...plan, at: plan.call + (plan.outcome === "late" ? 10 : Math.min(plan.effect, plan.length)) }))
        .sort((a, b) => a.at - b.at)
      const done = run.flatMap(({ word: [op, value], client, call, length, outcome, fault }): Array<Operation> => {
        const unknown: Operation = { client, op, key: "x", value, call, return: null, output: null }
        const isSilent = silent.has(op) || (op === "delete" && !deletesAnswer)
        const output = isSilent ? null : answer(state, op, value, client)
        const known: Operation = { ...unknown, return: call + length, output }
        if (outcome === "never") return [unknown]
        if (isSilent && fault !== null) return [known]
        const after = model.step(state, known)
        if (after === undefined) return []
        state = after
        if (outcome !== "known") return [unknown]
        const others = [...wrong(op), ...outputs.filter(([other]) => other === op).map(([, o]) => o)]
        if (!isSilent) outputs.push([op, output])
        return [fault === null || isSilent || others.length === 0 ? known : { ...known, output: others[fault % others.length]! }]
      })
      return done.sort((a, b) => a.call - b.call)
    })
