// The sequential objects Lockstep can check: registers, maps, queues, locks, and (shardModel.ts) the shard controller.
import { canonical } from "./History.ts"
import type { Json, Operation } from "./History.ts"
import type { Model, ShapeOf, State } from "./Model.ts"
import { shard } from "./shardModel.ts"

const nothing: ShapeOf = { words: "null", accepts: (v) => v === null }
const anything: ShapeOf = { words: "a JSON value", accepts: () => true }
const text: ShapeOf = { words: "a string", accepts: (v) => typeof v === "string" }
const textOrNull: ShapeOf = { words: "a string or null", accepts: (v) => v === null || typeof v === "string" }
const truth: ShapeOf = { words: "true or false", accepts: (v) => typeof v === "boolean" }
const yes: ShapeOf = { words: "true", accepts: (v) => v === true }
const truthOrNull: ShapeOf = { words: "true, false or null", accepts: (v) => v === null || typeof v === "boolean" }
const fromTo: ShapeOf = { words: "[from, to]", accepts: (v) => Array.isArray(v) && v.length === 2 }
const textFromTo: ShapeOf = {
  words: "[from, to] of a string or null and a string",
  accepts: (v) => Array.isArray(v) && v.length === 2 && textOrNull.accepts(v[0]) && text.accepts(v[1])
}

/** Did `x` answer `output`, or may it have? */
const answers = (x: Operation, output: Json): boolean => x.return === null || canonical(x.output) === canonical(output)

const from = (x: Operation): State => canonical((x.value as ReadonlyArray<Json>)[0]!)
const to = (x: Operation): State => canonical((x.value as ReadonlyArray<Json>)[1]!)

/** Compare-and-set from `from(x)` to `to(x)`; `false` means that the value was another. */
const casStep = (state: State, x: Operation): State | undefined => {
  const hit = state === from(x)
  if (!answers(x, hit)) return undefined
  return hit ? to(x) : state
}

const casFailed = (x: Operation): boolean => x.op === "cas" && x.return !== null && x.output === false

const casWants = (x: Operation): State | undefined => (casFailed(x) ? undefined : from(x))

const casEffect = (x: Operation) => (casFailed(x) || from(x) === to(x) ? "reads" : "depends")

const registerOperations = {
  read: { value: nothing, output: anything },
  write: { value: anything, output: nothing }
}

/** A read-write register; null at first. The state is the canonical text of the value. */
export const register: Model = {
  name: "register",
  operations: registerOperations,
  init: "null",
  step: (state, x) => {
    if (x.op === "write") return canonical(x.value)
    return x.return === null || canonical(x.output) === state ? state : undefined
  },
  effect: (x) => (x.op === "write" ? "overwrites" : "reads"),
  wants: (x) => (x.op === "read" && x.return !== null ? canonical(x.output) : undefined),
  unseen: (operations) => {
    const seen = new Set(operations.filter((x) => x.op === "read" && x.return !== null).map((x) => canonical(x.output)))
    return (state) => !seen.has(state)
  }
}

/** A register with compare-and-set; null at first. */
export const cas: Model = {
  ...register,
  name: "cas",
  operations: { ...registerOperations, cas: { value: fromTo, output: truth } },
  step: (state, x) => (x.op === "cas" ? casStep(state, x) : register.step(state, x)),
  effect: (x) => (x.op === "cas" ? casEffect(x) : register.effect(x)),
  wants: (x) => (x.op === "cas" ? casWants(x) : register.wants!(x)),
  unseen: (operations) => {
    // A compare-and-set that failed sees into every state but one.
    if (operations.some(casFailed)) return () => false
    const notRead = register.unseen!(operations)
    const expected = new Set(operations.filter((x) => x.op === "cas").map(from))
    return (state) => notRead(state) && !expected.has(state)
  }
}

const kvStep = (absent: State): Model["step"] => (state, x) => {
  switch (x.op) {
    case "get":
      return x.return === null || canonical(x.output) === state ? state : undefined
    case "put":
      return canonical(x.value)
    case "append":
      return canonical(((JSON.parse(state) as string | null) ?? "") + (x.value as string))
    case "delete":
      return x.output === null || answers(x, state !== absent) ? absent : undefined
    default:
      return casStep(state, x)
  }
}

const kvUnseen: NonNullable<Model["unseen"]> = (operations) => {
  if (operations.some((x) => casFailed(x) || (x.op === "delete" && x.output !== null))) return () => false
  const seen = new Set<State>()
  for (const x of operations) {
    if (x.op === "get" && x.return !== null) seen.add(canonical(x.output))
    if (x.op === "cas") seen.add(from(x))
  }
  if (!operations.some((x) => x.op === "append")) return (state) => !seen.has(state)
  // With appends, a state can still grow into any text that begins with it. Sorted, that text is the next one.
  const texts = [...seen].map((s) => (JSON.parse(s) as string | null) ?? "").sort()
  return (state) => {
    const prefix = (JSON.parse(state) as string | null) ?? ""
    let low = 0
    let high = texts.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (texts[middle]! < prefix) low = middle + 1
      else high = middle
    }
    return !(low < texts.length && texts[low]!.startsWith(prefix))
  }
}

/**
 * One key of a map of strings: get, put, append, cas, delete. An absent key is a value of its own, null; to append to it
 * is to put. A delete that tells whether the key was there answers true or false.
 */
export const kv: Model = {
  name: "kv",
  operations: {
    get: { value: nothing, output: textOrNull },
    put: { value: text, output: nothing },
    append: { value: text, output: nothing },
    cas: { value: textFromTo, output: truth },
    delete: { value: nothing, output: truthOrNull }
  },
  init: "null",
  step: kvStep("null"),
  effect: (x) => {
    if (x.op === "get") return "reads"
    if (x.op === "put") return "overwrites"
    if (x.op === "append") return "blind"
    if (x.op === "cas") return casEffect(x)
    return x.return !== null && x.output === false ? "reads" : x.output === null ? "overwrites" : "depends"
  },
  wants: (x) => {
    if (x.op === "cas") return casWants(x)
    return x.op === "get" && x.return !== null ? canonical(x.output) : undefined
  },
  unseen: kvUnseen
}

/** The same map where an absent key reads as the empty string, as in Porcupine's logs and the MIT labs. */
export const kvEmpty: Model = { ...kv, name: "kv-empty", init: '""', step: kvStep('""') }

/** A first-in-first-out queue, empty at first; `deq` of the empty queue answers null. The state is the list, as JSON. */
export const queue: Model = {
  name: "queue",
  operations: {
    enq: { value: { words: "a JSON value other than null", accepts: (v) => v !== null }, output: nothing },
    deq: { value: nothing, output: anything }
  },
  init: "[]",
  step: (state, x) => {
    const elements = JSON.parse(state) as ReadonlyArray<Json>
    if (x.op === "enq") return canonical([...elements, x.value])
    return answers(x, elements[0] ?? null) ? canonical(elements.slice(1)) : undefined
  },
  effect: (x) => (x.op === "enq" ? "blind" : x.return !== null && x.output === null ? "reads" : "depends"),
  deadEnd: (operations) => {
    const enqueues = new Map(operations.filter((x) => x.op === "enq").map((x) => [canonical(x.value), x]))
    const dequeues = operations.filter((x) => x.op === "deq")
    // Where values repeat, who took which element is open.
    if (enqueues.size + dequeues.length < operations.length) return () => false
    const takers = new Map(dequeues.filter((x) => x.return !== null).map((x) => [canonical(x.output), x]))
    const unknownTakers = dequeues.some((x) => x.return === null)
    return (state) => {
      // The latest call of what takes the elements so far: whoever takes a later element must not return before it.
      let latestCall = -Infinity
      for (const element of JSON.parse(state) as ReadonlyArray<Json>) {
        const value = canonical(element)
        const taker = takers.get(value)
        if (taker !== undefined && taker.return! < latestCall) return true
        // Nobody can tell an enqueue of unknown outcome that is never taken from one that never happened.
        if (taker === undefined && enqueues.get(value)!.return === null) return true
        latestCall = Math.max(latestCall, taker?.call ?? (unknownTakers ? -Infinity : Infinity))
      }
      return false
    }
  }
}

/** A lock held by a client: `acquire` waits, `tryacquire` does not, `release` answers whether the client held it. */
export const lock: Model = {
  name: "lock",
  operations: {
    acquire: { value: nothing, output: yes },
    tryacquire: { value: nothing, output: truth },
    release: { value: nothing, output: truth }
  },
  init: "free",
  readsClient: true,
  step: (state, x) => {
    const me = String(x.client)
    const hit = x.op === "release" ? state === me : state === "free"
    if (!hit && x.op === "acquire") return undefined
    if (!answers(x, hit)) return undefined
    return !hit ? state : x.op === "release" ? "free" : me
  },
  effect: (x) => (x.return !== null && x.output === false ? "reads" : "depends")
}

/** All models, by name. */
export const models: Readonly<Record<string, Model>> = {
  register,
  cas,
  kv,
  "kv-empty": kvEmpty,
  queue,
  lock,
  shard
}

/**
 * The model named `name`, or without a name the one that has all operations of the history; `undefined` when there is
 * none. `kv` also stands for its dialect: where reads never answer null, but sometimes "", an absent key reads as "".
 */
export const modelFor = (operations: ReadonlyArray<Operation>, name?: string): Model | undefined => {
  const used = new Set(operations.map((x) => x.op))
  const fits = (model: Model) => used.isSubsetOf(new Set(Object.keys(model.operations)))
  const model =
    name !== undefined
      ? Object.hasOwn(models, name)
        ? models[name]
        : undefined
      : [register, cas, kv, queue, lock, shard].find(fits)
  if (model !== kv || used.has("delete")) return model
  const reads = operations.filter((x) => x.op === "get" && x.return !== null)
  const empty = reads.some((x) => x.output === "") && !reads.some((x) => x.output === null)
  return empty && !used.has("cas") ? kvEmpty : kv
}
