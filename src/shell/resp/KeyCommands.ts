/**
 * Redis' commands on keys, told as operations of the map (src/kv/Map.ts), which knows get, put, append, cas and delete.
 *
 * A command that is one operation takes effect when that does. One that needs more is a loop: look, decide, and change
 * what was seen by cas, until nothing came between. It takes effect at one moment, too: when its cas succeeds, or, if it
 * decides to change nothing, at the look.
 */
import * as Effect from "effect/Effect"
import type { Operation } from "../../kv/Map.ts"
import { alone, type Command, ok, type Surroundings, syntaxError } from "./Command.ts"
import type { Refusal } from "./Gateway.ts"
import { array, bulk, type Bytes, error, integer, nil, type RespValue } from "./Resp.ts"

const get = ({ gateway }: Surroundings, key: Bytes) =>
  gateway.execute({ op: "get", key }) as Effect.Effect<string | null, Refusal>

const succeeds = ({ gateway }: Surroundings, operation: Operation & { readonly op: "cas" | "delete" }) =>
  gateway.execute(operation) as Effect.Effect<boolean, Refusal>

const valueOrNil = (value: string | null): RespValue => value === null ? nil : bulk(value)

/** Changes that others may get in first with, before it is `Unavailable`. */
const attemptsLimit = 1000

interface Exchange {
  /** At the moment when it took effect. */
  readonly before: string | null
  /** `undefined`: it was left as it was. */
  readonly after: string | undefined
}

/** Gives the key the value that `decide` makes of the one that is there. `undefined`: it stays. */
const exchange = Effect.fnUntraced(function*(
  server: Surroundings,
  key: Bytes,
  decide: (value: string | null) => string | undefined
): Effect.fn.Return<Exchange, Refusal> {
  for (let attempt = 0; attempt < attemptsLimit; attempt++) {
    const before = yield* get(server, key)
    const after = decide(before)
    if (after === undefined) return { before, after }
    if (yield* succeeds(server, { op: "cas", key, from: before, to: after })) return { before, after }
  }
  return yield* Effect.fail<Refusal>({ _tag: "Unavailable", message: "others change the key all the time; nothing was stored" })
})

interface SetOptions {
  readonly when: "NX" | "XX" | "always"
  readonly get: boolean
}

/** What SET may be told besides key and value; or what is wrong with it. */
const setOptions = (words: ReadonlyArray<Bytes>): SetOptions | RespValue => {
  const options = words.map((word) => word.toUpperCase())
  const timed = options.find((option) => ["EX", "PX", "EXAT", "PXAT", "KEEPTTL"].includes(option))
  if (timed !== undefined) return error(`ERR SET option ${timed} is not supported`)
  const given = new Set(options)
  if ([...given].some((option) => !["NX", "XX", "GET"].includes(option))) return syntaxError
  if (given.has("NX") && given.has("XX")) return syntaxError
  return { when: given.has("NX") ? "NX" : given.has("XX") ? "XX" : "always", get: given.has("GET") }
}

/** One key after the other, each at a moment of its own; how many of them `counts`. */
const count = (keys: ReadonlyArray<Bytes>, counts: (key: Bytes) => Effect.Effect<boolean, Refusal>) =>
  Effect.map(Effect.forEach(keys, counts), (all) => integer(all.filter(Boolean).length))

export const keyCommands: Readonly<Record<string, Command>> = {
  GET: {
    arity: 2,
    keys: [1, 1, 1],
    summary: "The value of a key, or null.",
    run: ([, key], _, server) => alone(Effect.map(get(server, key!), valueOrNil))
  },

  SET: {
    arity: -3,
    keys: [1, 1, 1],
    writes: true,
    summary: "SET key value [NX | XX] [GET]: gives a value; if the key is absent (NX) or there (XX); tells the old (GET).",
    run: ([, key, value, ...options], _, server) => {
      // The common case, first.
      if (options.length === 0) {
        return alone(Effect.as(server.gateway.execute({ op: "put", key: key!, value: value! }), ok))
      }
      const read = setOptions(options)
      if ("type" in read) return read
      if (read.when === "NX" && !read.get) {
        const swapped = succeeds(server, { op: "cas", key: key!, from: null, to: value! })
        return alone(Effect.map(swapped, (done) => done ? ok : nil))
      }
      const decide = (before: string | null) =>
        (read.when === "NX" && before !== null) || (read.when === "XX" && before === null) ? undefined : value!
      return alone(Effect.map(exchange(server, key!, decide), ({ after, before }) =>
        read.get ? valueOrNil(before) : after === undefined ? nil : ok))
    }
  },

  APPEND: {
    arity: 3,
    keys: [1, 1, 1],
    writes: true,
    summary: "Adds to the end of a value; the new length in bytes.",
    // Not the map's append: that one tells no length.
    run: ([, key, tail], _, server) => {
      const { value: limit } = server.limits
      const decide = (before: string | null) =>
        (before ?? "").length + tail!.length > limit ? undefined : (before ?? "") + tail!
      return alone(Effect.map(exchange(server, key!, decide), ({ after }) =>
        after === undefined ? error(`ERR value would be longer than ${limit} bytes`) : integer(after.length)))
    }
  },

  STRLEN: {
    arity: 2,
    keys: [1, 1, 1],
    summary: "The length of a value in bytes; 0 when the key is absent.",
    run: ([, key], _, server) => alone(Effect.map(get(server, key!), (value) => integer((value ?? "").length)))
  },

  DEL: {
    arity: -2,
    keys: [1, -1, 1],
    writes: true,
    summary: "Deletes keys one after the other (not at one moment); how many there were.",
    run: ([, ...keys], _, server) => alone(count(keys, (key) => succeeds(server, { op: "delete", key })))
  },

  EXISTS: {
    arity: -2,
    keys: [1, -1, 1],
    summary: "How many of the keys are there, looked at one after the other (not at one moment).",
    run: ([, ...keys], _, server) => alone(count(keys, (key) => Effect.map(get(server, key), (value) => value !== null)))
  },

  MGET: {
    arity: -2,
    keys: [1, -1, 1],
    summary: "GET of a single key, as a list. Several keys can't be read at one moment, and are refused.",
    run: ([, key, ...others], _, server) =>
      others.some((other) => other !== key)
        ? error("ERR MGET of several different keys is not supported: they can't be read at one moment")
        : alone(Effect.map(get(server, key!), (value) => array([key, ...others].map(() => valueOrNil(value)))))
  }
}
