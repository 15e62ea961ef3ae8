// What random histories of each model are made of.
import type { Model } from "../Model.ts"
import { counter } from "../models/counter.ts"
import { kv, kvEmpty } from "../models/kv.ts"
import { fencedLock, lock, mutex } from "../models/lock.ts"
import { queue } from "../models/queue.ts"
import { cas, register } from "../models/register.ts"
import { set } from "../models/set.ts"
import { shard, shownBy } from "../models/shard.ts"
import type { Configurations } from "../models/shard.ts"
import type { Random } from "../../Random.ts"
import type { Vocabulary } from "./randomHistories.ts"
import type { Json } from "../Texts.ts"

const silent = (op: string, value: Json) => ({ op, value, output: null })

/** Values as `value` gives them, null, and what is there. Styles: reads are few or many; compare-and-sets hit or miss. */
const registerWords = (model: Model<string>, hasCas: boolean): Vocabulary<string> => ({
  model,
  call: (state, _, random, value, style) => {
    const there = JSON.parse(state) as Json
    if (random.percent(style % 2 === 0 ? 35 : 60)) return { op: "read", value: null, output: there }
    if (!hasCas || random.percent(style < 2 ? 60 : style < 4 ? 30 : 5)) return silent("write", value())
    const from = random.percent(style < 3 ? 80 : 40) ? there : value()
    return { op: "cas", value: [from, value()], output: from === there }
  },
  wrong: ({ op, output }, random) => (op === "read" ? random.of([null, 1, 2, 3, 4]) : op === "cas" ? !(output as boolean) : null)
})

/** Styles: appends or not, deletes or not, compare-and-sets or not; strings of which one begins with another. */
const kvWords = (model: Model<string>): Vocabulary<string> => ({
  model,
  call: (state, _, random, value, style) => {
    const there = JSON.parse(state) as string | null
    const string = () => (style === 5 ? random.of(["", "a", "aa", "ab"]) : `${value()}${style % 2 === 0 ? ";" : ""}`)
    if (random.percent(40)) return { op: "get", value: null, output: there }
    if (style < 3 && random.percent(75)) return silent("append", string())
    if (style >= 2 && random.percent(30)) {
      return { op: "delete", value: null, output: random.percent(70) ? state !== model.init : null }
    }
    if (style >= 3 && random.percent(35)) {
      const from = random.percent(70) ? there : string()
      return { op: "cas", value: [from, string()], output: from === there }
    }
    return silent(style === 4 && random.percent(40) ? "append" : "put", string())
  },
  wrong: ({ op, output }, random) => {
    if (op === "get") return random.of([null, "", "1", "1;", "2", "2;", "1;2;", "a", "aa"])
    return output === null ? null : !(output as boolean)
  }
})

const queueWords: Vocabulary<ReadonlyArray<Json>> = {
  model: queue,
  call: (elements, _, random, value, style) =>
    random.percent(style < 3 ? 52 : 40) ? silent("enq", value()) : { op: "deq", value: null, output: elements[0] ?? null },
  wrong: (call, random) => (call.op === "enq" ? null : random.of([null, 1, 2, 3, 4, 5, 6]))
}

/** Elements are few, whatever `value` says. Styles: answers or none; removals or none; whole reads or none. */
const setWords: Vocabulary<ReadonlyArray<string>> = {
  model: set,
  call: (elements, _, random, value, style) => {
    const element = value() % 4
    const isThere = elements.includes(String(element))
    const answers = style % 3 === 0 || (style % 3 === 1 && random.percent(50))
    if (random.percent(30)) {
      const readsAll = style >= 3 || random.percent(1)
      return readsAll
        ? { op: "read", value: null, output: shuffled(elements, random).map((e) => JSON.parse(e) as Json) }
        : { op: "contains", value: element, output: isThere }
    }
    const removes = style < 3 ? random.percent(45) : style === 5 ? random.percent(2) : false
    return { op: removes ? "remove" : "add", value: element, output: answers ? isThere === removes : null }
  },
  wrong: ({ op, output }, random) => {
    if (op === "read") {
      const listed = output as ReadonlyArray<Json>
      return random.percent(50) ? listed.slice(1) : [...listed, random.below(4)]
    }
    return output === null ? null : !(output as boolean)
  }
}

const shuffled = <A>(list: ReadonlyArray<A>, random: Random): Array<A> => {
  const copy = [...list]
  for (let i = copy.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    ;[copy[i], copy[j]] = [copy[j]!, copy[i]!]
  }
  return copy
}

/** Styles: all increments are 1, or 2, or -1; or of several sizes; they answer or not. */
const counterWords: Vocabulary<number> = {
  model: counter,
  call: (count, _, random, value, style) => {
    if (random.percent(40)) return { op: "read", value: null, output: count }
    const by = style < 3 ? 1 : style === 3 ? 2 : style === 4 ? random.of([-1, -1, -1, 0]) : 1 + (value() % 3)
    const answers = style === 1 || style >= 4 ? random.percent(50) : style === 2
    return { op: "add", value: by, output: answers || (style === 5 && random.percent(90)) ? count + by : null }
  },
  wrong: ({ output }, random) => (output === null ? null : (output as number) + random.of([-2, -1, 1, 2]))
}

const mutexWords: Vocabulary<boolean> = {
  model: mutex,
  call: (held, _, random) => {
    if (held) return random.percent(25) ? { op: "tryacquire", value: null, output: false } : { op: "release", value: null, output: true }
    return { op: random.of(["acquire", "tryacquire"]), value: null, output: true }
  },
  wrong: ({ op, output }) => (op === "tryacquire" ? !(output as boolean) : true)
}

const lockWords: Vocabulary<number | null> = {
  model: lock,
  call: (holder, client, random) => {
    if (holder === client && random.percent(85)) return { op: "release", value: null, output: true }
    if (random.percent(15)) return { op: "release", value: null, output: holder === client }
    if (holder === null && random.percent(60)) return { op: "acquire", value: null, output: true }
    return { op: "tryacquire", value: null, output: holder === null }
  },
  wrong: ({ op, output }) => (op === "acquire" ? true : !(output as boolean))
}

type Fence = typeof fencedLock.init

/** Styles: releases name tokens, or not. Clients that hold nothing try to release what somebody else holds. */
const fencedLockWords: Vocabulary<Fence> = {
  model: fencedLock,
  call: ({ holder, last, token }, client, random, _, style) => {
    if (holder === null && random.percent(85)) return { op: "acquire", value: null, output: (last ?? 0) + 1 + random.below(2) }
    const named = style < 2 ? null : style < 4 ? (token ?? last ?? 1) : random.of([null, token ?? 7])
    const isHolder = holder !== null && (named === null ? holder === client : token === named)
    return { op: "release", value: named, output: isHolder }
  },
  wrong: ({ op, output }, random) => (op === "acquire" ? (output as number) + random.of([-2, -1, 1, 2]) : !(output as boolean))
}

const shardWords: Vocabulary<Configurations> = {
  model: shard,
  call: (state, _, random, value, style) => {
    if (random.percent(style < 3 ? 60 : 40)) {
      const wanted = random.of([-1, -1, -1, 0, 1, 2, 3])
      return { op: "query", value: wanted, output: JSON.parse(shownBy(state, wanted)) as Json }
    }
    const gid = 1 + ((value() - 1) % 3)
    return random.of([silent("join", { [gid]: ["s"] }), silent("leave", [gid]), silent("move", { shard: random.below(2), gid })])
  },
  wrong: ({ op, output }, random) => {
    if (op !== "query") return null
    const shown = output as { readonly num: number; readonly shards: ReadonlyArray<number> }
    return random.percent(50) ? { ...shown, num: shown.num + random.of([-1, 1]) } : { ...shown, shards: shown.shards.with(random.below(2), 2) }
  }
}

/** By name of the model. */
export const vocabularies: Readonly<Record<string, Vocabulary>> = {
  register: registerWords(register, false),
  cas: registerWords(cas, true),
  kv: kvWords(kv),
  "kv-empty": kvWords(kvEmpty),
  set: setWords,
  counter: counterWords,
  queue: queueWords,
  mutex: mutexWords,
  lock: lockWords,
  "fenced-lock": fencedLockWords,
  shard: shardWords
}
