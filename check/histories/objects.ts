/**
 * The objects that simulated clients use: what is done to each, what it answers, and which mistakes it can be made to
 * make. On purpose these are not the checker's models: a mistake there must not be repeated here.
 */
import type { Json } from "../linearizability/index.ts"
import type { Call, Run } from "./simulate.ts"

/** A mistake to plant. Each object has some of them. */
export type Fault =
  /** A read of an old value whose overwriter had returned before the read was called. */
  | "stale"
  /** A read of a value that nobody wrote; of a set, the wrong answer to `contains`. */
  | "phantom"
  /** Acknowledged, but without effect. */
  | "lost"
  /** Takes effect twice; a dequeued element or a token is given out again. */
  | "dup"
  /** Two appends or two elements of a queue change places. */
  | "swap"
  /** A compare-and-set that finds another value, and sets all the same. */
  | "badcas"
  /** A lock that is held is given to another client. */
  | "twoowners"
  /** A full queue says that it is empty. */
  | "empty"
  /** After all else, a write and then a read of another value. */
  | "tail"

/** The state of one key. */
export interface SimulatedObject {
  /** What to call `x.op` with; `x` has no value yet. */
  argument(x: Call): Json
  /** Changes the state, and gives `x` its output. */
  effect(x: Call, time: number): void
  /** A call that returns only when it is let (`Run.finish`). */
  waits?(x: Call): boolean
  /** What the client of `x`, or whoever comes after it, has to release now that `x` is over. */
  held?(x: Call): Call | undefined
}

/** A kind of object. */
export interface ObjectKind {
  readonly create: (run: Run) => SimulatedObject
  /** The share of each operation. */
  readonly mix: Readonly<Record<string, number>>
  readonly faults: ReadonlyArray<Fault>
  /** A call of unknown outcome takes effect within so many latencies, or never. A client gives up after 5. */
  readonly patience: number
  /** The only key is `x`, not `k0`. */
  readonly single: boolean
  /** Clients are known by their names to the object: one that gave up comes back as the same, and releases. */
  readonly named?: boolean
  /** For fault `tail`: the operations that write and read, and the n-th value. */
  readonly tail?: { readonly write: string; readonly read: string; readonly nth: (n: number) => Json }
}

/** What was overwritten, oldest first; remembered only for a stale read. */
class Past<A> {
  readonly #overwritten: Array<{ readonly before: A; readonly by: Call }> = []
  readonly #wanted: boolean

  constructor(run: Run) {
    this.#wanted = run.settings.fault === "stale"
  }

  add(before: A, by: Call): void {
    if (this.#wanted) this.#overwritten.push({ before, by })
  }

  /** The latest value other than `now` whose writer had returned before its overwriter was called, and that before `x`. */
  stale(x: Call, now: A): { readonly value: A } | undefined {
    for (let i = this.#overwritten.length - 1; i > 0; i--) {
      const { before: value, by: over } = this.#overwritten[i]!
      const writer = this.#overwritten[i - 1]!.by
      if (returnedBefore(over, x) && returnedBefore(writer, over) && value !== now) return { value }
    }
    return undefined
  }

  /** The oldest value that `accepts`, whose overwriter had returned before `x`. */
  oldest(x: Call, accepts: (value: A) => boolean): A | undefined {
    return this.#overwritten.find(({ before, by }) => returnedBefore(by, x) && accepts(before))?.before
  }
}

const returnedBefore = (x: Call, y: Call): boolean => x.return !== null && x.return < y.call

/** A register: read, write and cas; or a key of a map: get, put and append. */
class Register implements SimulatedObject {
  readonly #run: Run
  readonly #past: Past<Json>
  #value: Json

  constructor(run: Run, initial: Json) {
    this.#run = run
    this.#past = new Past(run)
    this.#value = initial
  }

  argument({ client, op }: Call): Json {
    const { random, settings, value } = this.#run
    switch (op) {
      case "put":
        return settings.model === "append" ? `${client}.${value()};` : `v${value()}`
      case "append":
        return `${client}.${value()};`
      case "write":
        return value()
      case "cas": {
        const expected = random() < 0.6 && this.#value !== null ? this.#value : settings.values > 0 ? value() : (this.#value ?? 0)
        return [expected, value()]
      }
      default:
        return null
    }
  }

  effect(x: Call): void {
    switch (x.op) {
      case "read":
      case "get":
        x.output = this.#read(x)
        break
      case "cas": {
        const [expected, value] = x.value as readonly [Json, Json]
        const bad = this.#value !== expected && this.#run.due("badcas", x)
        if (bad) this.#run.planted()
        x.output = bad || this.#value === expected
        if (x.output) this.#set(x, value)
        break
      }
      default: {
        if (this.#run.due("lost", x)) return this.#run.planted()
        const append = x.op === "append"
        this.#set(x, append ? `${this.#value as string}${x.value as string}` : x.value)
        if (append && this.#run.due("dup", x)) {
          this.#set(x, `${this.#value as string}${x.value as string}`)
          this.#run.planted()
        }
      }
    }
  }

  #set(by: Call, value: Json): void {
    this.#past.add(this.#value, by)
    this.#value = value
  }

  #read(x: Call): Json {
    const { due, planted } = this.#run
    if (due("stale", x)) {
      const stale = this.#past.stale(x, this.#value)
      if (stale === undefined) return this.#value
      planted()
      return stale.value
    }
    if (due("swap", x) && typeof this.#value === "string") {
      const tokens = this.#value.split(";")
      if (tokens.length <= 3) return this.#value
      planted()
      return [...tokens.slice(0, -3), tokens.at(-2), tokens.at(-3), ""].join(";")
    }
    if (due("phantom", x)) {
      planted()
      return typeof this.#value === "string" ? `${this.#value}ghost;` : 999_999
    }
    return this.#value
  }
}

/** First in, first out: enq, and deq, which answers null when there is nothing. */
class Queue implements SimulatedObject {
  readonly #run: Run
  readonly #elements: Array<Json> = []
  /** How many elements were taken. */
  #taken = 0

  constructor(run: Run) {
    this.#run = run
  }

  argument({ op }: Call): Json {
    return op === "enq" ? `v${this.#run.value()}` : null
  }

  effect(x: Call): void {
    const { due, planted, settings } = this.#run
    if (x.op === "enq") {
      if (due("lost", x)) return planted()
      this.#elements.push(x.value)
      return
    }
    // With so many elements none of these answers can be right.
    const count = this.#elements.length - this.#taken
    const full = count > 2 * settings.clients
    if (full && due("swap", x)) {
      x.output = this.#elements.pop()!
      return planted()
    }
    if (full && due("empty", x)) return planted()
    if (count === 0) return
    x.output = this.#elements[this.#taken]!
    if (due("dup", x)) return planted()
    this.#taken++
  }
}

/** A lock held by a client: acquire, which waits; tryacquire; release, which answers whether the client held it. */
class Lock implements SimulatedObject {
  readonly #run: Run
  readonly #waiting: Array<Call> = []
  #owner: number | null = null

  constructor(run: Run) {
    this.#run = run
  }

  argument(): Json {
    return null
  }

  waits({ op }: Call): boolean {
    return op === "acquire"
  }

  held(x: Call): Call | undefined {
    return x.op !== "release" && x.output === true ? x : undefined
  }

  effect(x: Call, time: number): void {
    const { due, finish, planted } = this.#run
    const free = this.#owner === null
    switch (x.op) {
      case "acquire": {
        const second = this.#owner !== null && this.#owner !== x.client && due("twoowners", x)
        if (second) planted()
        if (free || second) {
          this.#give(x)
          if (!x.lost) finish(x, time + 1)
        } else if (!x.lost) this.#waiting.push(x)
        break
      }
      case "tryacquire":
        x.output = free
        if (free) this.#owner = x.client
        break
      default:
        x.output = this.#owner === x.client
        if (x.output) this.#release(time)
    }
  }

  #give(x: Call): void {
    this.#owner = x.client
    x.output = true
  }

  #release(time: number): void {
    this.#owner = null
    const next = oneOf(this.#waiting, this.#run)
    if (next === undefined) return
    this.#give(next)
    this.#run.finish(next, time + 1 + this.#run.delay(this.#run.settings.latency / 4))
  }
}

/** Takes out any one of those who wait. */
const oneOf = (waiting: Array<Call>, { random }: Run): Call | undefined =>
  waiting.length === 0 ? undefined : waiting.splice(Math.floor(random() * waiting.length), 1)[0]

/**
 * A lock that anyone may release: acquire, which waits, and release. With `fencing`, acquire answers a token greater
 * than any before, and release takes it and answers whether the lock was held under it.
 *
 * An acquire of unknown outcome that had the lock after all is released by the client that comes after.
 */
class Mutex implements SimulatedObject {
  readonly #run: Run
  readonly #fencing: boolean
  readonly #waiting: Array<Call> = []
  #token = 0
  #holder: Call | undefined

  constructor(run: Run, fencing: boolean) {
    this.#run = run
    this.#fencing = fencing
  }

  argument({ releases }: Call): Json {
    return this.#fencing && releases !== undefined ? releases.output : null
  }

  waits({ op }: Call): boolean {
    return op === "acquire"
  }

  held(x: Call): Call | undefined {
    const acquired = x.releases ?? x
    return acquired === this.#holder ? acquired : undefined
  }

  effect(x: Call, time: number): void {
    const { due, finish, planted, settings, delay } = this.#run
    if (x.op === "acquire") {
      const second = this.#holder !== undefined && due("twoowners", x)
      if (second) planted()
      if (this.#holder === undefined || second) {
        this.#give(x)
        if (!x.lost) finish(x, time + 1)
      } else if (!x.lost) this.#waiting.push(x)
      return
    }
    const holds = x.releases === this.#holder
    x.output = this.#fencing ? holds : true
    if (!holds) return
    this.#holder = undefined
    const next = oneOf(this.#waiting, this.#run)
    if (next === undefined) return
    this.#give(next)
    finish(next, time + 1 + delay(settings.latency / 4))
  }

  #give(x: Call): void {
    this.#holder = x
    if (this.#token > 0 && this.#run.due("dup", x)) this.#run.planted()
    else this.#token++
    x.output = this.#fencing ? this.#token : true
  }
}

/** A number, 0 at first: add, and read. */
class Counter implements SimulatedObject {
  readonly #run: Run
  readonly #past: Past<number>
  #value = 0

  constructor(run: Run) {
    this.#run = run
    this.#past = new Past(run)
  }

  argument({ op }: Call): Json {
    return op !== "add" ? null : this.#run.settings.values > 0 ? this.#run.value() + 1 : 1
  }

  effect(x: Call): void {
    const { due, planted } = this.#run
    if (x.op === "add") {
      if (due("lost", x)) return planted()
      this.#add(x)
      if (due("dup", x)) {
        this.#add(x)
        planted()
      }
      return
    }
    x.output = this.#value
    const stale = due("stale", x) ? this.#past.stale(x, this.#value) : undefined
    if (stale !== undefined) {
      x.output = stale.value
      planted()
    } else if (due("phantom", x)) {
      x.output = this.#value + 999_999
      planted()
    }
  }

  #add(x: Call): void {
    this.#past.add(this.#value, x)
    this.#value += x.value as number
  }
}

/** A set: add and remove answer whether they changed it; contains. */
class Elements implements SimulatedObject {
  readonly #run: Run
  readonly #present = new Set<number>()
  /** Elements that were added lately: the ones worth asking for. */
  readonly #recent: Array<number> = []

  constructor(run: Run) {
    this.#run = run
  }

  argument({ op }: Call): Json {
    const { random, settings, value } = this.#run
    if (settings.values > 0) return value()
    if (op !== "add" && this.#recent.length > 0) return this.#recent[Math.floor(random() * this.#recent.length)]!
    const element = value()
    this.#recent.push(element)
    if (this.#recent.length > 2 * settings.clients) this.#recent.shift()
    return element
  }

  effect(x: Call): void {
    const { due, planted } = this.#run
    const element = x.value as number
    const present = this.#present.has(element)
    if (x.op === "contains") {
      const phantom = due("phantom", x)
      if (phantom) planted()
      x.output = present !== phantom
      return
    }
    const add = x.op === "add"
    x.output = present !== add
    if (!x.output) return
    if (due("lost", x)) return planted()
    if (add) this.#present.add(element)
    else this.#present.delete(element)
  }
}

/** A set that only grows: add, and read, which answers all elements, sorted. */
class Growing implements SimulatedObject {
  readonly #run: Run
  /** How many elements there were. */
  readonly #past: Past<number>
  readonly #elements = new Set<number>()

  constructor(run: Run) {
    this.#run = run
    this.#past = new Past(run)
  }

  argument({ op }: Call): Json {
    return op === "add" ? this.#run.value() : null
  }

  effect(x: Call): void {
    const { due, planted } = this.#run
    const size = this.#elements.size
    if (x.op === "add") {
      if (due("lost", x)) return planted()
      if (this.#elements.has(x.value as number)) return
      this.#past.add(size, x)
      this.#elements.add(x.value as number)
      return
    }
    const stale = due("stale", x) ? this.#past.stale(x, size) : undefined
    const seen = [...this.#elements].slice(0, stale?.value ?? size)
    if (stale !== undefined) planted()
    else if (due("phantom", x)) {
      seen.push(999_999)
      planted()
    }
    x.output = seen.sort((a, b) => a - b)
  }
}

const shardCount = 10

/** `groups` has each group's servers. */
type Configuration = {
  readonly num: number
  readonly shards: ReadonlyArray<number>
  readonly groups: { readonly [gid: string]: ReadonlyArray<string> }
}

const gidsOf = (groups: Configuration["groups"]): Array<number> => Object.keys(groups).map(Number).sort((a, b) => a - b)

/**
 * Free shards go, lowest first, to the group that has fewest; then, while the largest and the smallest group differ by
 * more than 1, the lowest shard of the largest goes to the smallest. Between equals the lowest gid counts.
 */
const balance = (shards: ReadonlyArray<number>, groups: Configuration["groups"]): ReadonlyArray<number> => {
  const gids = gidsOf(groups)
  if (gids.length === 0) return shards.map(() => 0)
  const owners = shards.map((gid) => (Object.hasOwn(groups, gid) ? gid : 0))
  const sizes = new Map(gids.map((gid) => [gid, owners.filter((owner) => owner === gid).length]))
  const first = (before: (a: number, b: number) => boolean) =>
    gids.reduce((a, b) => (before(sizes.get(b)!, sizes.get(a)!) ? b : a))
  const smallest = () => first((a, b) => a < b)
  const largest = () => first((a, b) => a > b)
  const move = (shard: number, to: number) => {
    const from = owners[shard]!
    if (from !== 0) sizes.set(from, sizes.get(from)! - 1)
    sizes.set(to, sizes.get(to)! + 1)
    owners[shard] = to
  }
  for (let shard = 0; shard < shardCount; shard++) if (owners[shard] === 0) move(shard, smallest())
  for (;;) {
    const [most, least] = [largest(), smallest()]
    if (sizes.get(most)! - sizes.get(least)! <= 1) return owners
    move(owners.indexOf(most), least)
  }
}

/** The shard controller: join, leave and move each make the next configuration; query answers one of them. */
class Shards implements SimulatedObject {
  readonly #run: Run
  readonly #past: Past<Configuration>
  readonly #all: Array<Configuration> = [{ num: 0, shards: Array<number>(shardCount).fill(0), groups: {} }]

  constructor(run: Run) {
    this.#run = run
    this.#past = new Past(run)
  }

  get #last(): Configuration {
    return this.#all.at(-1)!
  }

  argument({ op }: Call): Json {
    const { random, unique } = this.#run
    const anyGroup = (): number => {
      const gids = gidsOf(this.#last.groups)
      return gids.length === 0 ? 1 : gids[Math.floor(random() * gids.length)]!
    }
    switch (op) {
      case "query":
        return random() < 0.75 ? -1 : Math.floor(random() * (this.#last.num + 2))
      case "join": {
        const gid = unique()
        return { [gid]: [`s${gid}a`, `s${gid}b`] }
      }
      case "leave":
        return [anyGroup()]
      default:
        return { shard: Math.floor(random() * shardCount), gid: anyGroup() }
    }
  }

  effect(x: Call): void {
    const { due, planted } = this.#run
    if (x.op === "query") {
      const n = x.value as number
      const old = n < 0 && this.#all.length > 3 && due("stale", x) ? this.#past.oldest(x, ({ num }) => num > 0) : undefined
      if (old !== undefined) planted()
      x.output = old ?? this.#all[n] ?? this.#last
      return
    }
    if (due("lost", x)) return planted()
    const twice = due("dup", x)
    if (twice) planted()
    for (let times = twice ? 2 : 1; times > 0; times--) {
      this.#past.add(this.#last, x)
      this.#all.push(this.#after(x))
    }
  }

  #after({ op, value }: Call): Configuration {
    const { groups, num, shards } = this.#last
    if (op === "move") {
      const { gid, shard } = value as { readonly gid: number; readonly shard: number }
      return { num: num + 1, shards: Object.hasOwn(groups, gid) ? shards.with(shard, gid) : shards, groups }
    }
    const members: Configuration["groups"] =
      op === "join"
        ? { ...groups, ...(value as Configuration["groups"]) }
        : Object.fromEntries(Object.entries(groups).filter(([gid]) => !(value as ReadonlyArray<number>).includes(Number(gid))))
    return { num: num + 1, shards: balance(shards, members), groups: members }
  }
}

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
