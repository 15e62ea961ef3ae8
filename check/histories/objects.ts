/**
 * The objects that simulated clients use (objects/): how often each operation is called, and which mistakes each can be made
 * to make. On purpose these are not the checker's models: a mistake there must not be repeated here.
 */
import { Counter } from "./objects/Counter.ts"
import { Lock, Mutex } from "./objects/locks.ts"
import { Queue } from "./objects/Queue.ts"
import { Register } from "./objects/Register.ts"
import { Elements, Growing } from "./objects/sets.ts"
import { Shards } from "./objects/Shards.ts"
import type { ObjectKind } from "./objects/SimulatedObject.ts"

const register: ObjectKind = {
  create: (run) => new Register(run, null),
  mix: { read: 0.5, write: 0.5 },
  faults: ["stale", "phantom", "lost", "tail"],
  patience: 20,
  single: true,
  tail: { write: "write", read: "read", nth: (n) => n }
}

const kv: ObjectKind = {
  create: (run) => new Register(run, ""),
  mix: { get: 0.5, put: 0.5, append: 0 },
  faults: ["stale", "phantom", "lost", "tail"],
  patience: 20,
  single: false,
  tail: { write: "put", read: "get", nth: (n) => `v${n}` }
}

/** All objects, by the name that `Settings.model` takes. `kv` and `append` are both keys of one map of strings. */
export const objects = {
  register,
  cas: { ...register, mix: { read: 0.33, write: 0.33, cas: 0.34 }, faults: [...register.faults, "badcas"] },
  kv,
  append: {
    create: kv.create,
    mix: { get: 0.4, put: 0.02, append: 0.58 },
    faults: ["stale", "phantom", "lost", "dup", "swap"],
    patience: 20,
    single: false
  },
  queue: {
    create: (run) => new Queue(run),
    mix: { enq: 0.52, deq: 0.48 },
    faults: ["lost", "dup", "swap", "empty"],
    patience: 20,
    single: true
  },
  lock: {
    create: (run) => new Lock(run),
    mix: { acquire: 0.6, tryacquire: 0.4 },
    faults: ["twoowners"],
    patience: 5,
    single: true,
    named: true
  },
  mutex: {
    create: (run) => new Mutex(run, false),
    mix: { acquire: 1 },
    faults: ["twoowners"],
    patience: 5,
    single: true
  },
  "fenced-lock": {
    create: (run) => new Mutex(run, true),
    mix: { acquire: 1 },
    faults: ["twoowners", "dup"],
    patience: 5,
    single: true
  },
  counter: {
    create: (run) => new Counter(run),
    mix: { add: 0.5, read: 0.5 },
    faults: ["stale", "phantom", "lost", "dup"],
    patience: 20,
    single: true
  },
  set: {
    create: (run) => new Elements(run),
    mix: { add: 0.4, remove: 0.3, contains: 0.3 },
    faults: ["phantom", "lost"],
    patience: 20,
    single: true
  },
  gset: {
    create: (run) => new Growing(run),
    mix: { add: 0.9, read: 0.1 },
    faults: ["stale", "phantom", "lost"],
    patience: 20,
    single: true
  },
  shard: {
    create: (run) => new Shards(run),
    mix: { query: 0.5, join: 0.2, leave: 0.12, move: 0.18 },
    faults: ["stale", "lost", "dup"],
    patience: 20,
    single: true
  }
} as const satisfies Readonly<Record<string, ObjectKind>>

export type ObjectName = keyof typeof objects
