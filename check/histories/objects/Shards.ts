import type { Json } from "../../linearizability/index.ts"
import type { Call, Run } from "../simulate.ts"
import { Past } from "./Past.ts"
import type { SimulatedObject } from "./SimulatedObject.ts"

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
export class Shards implements SimulatedObject {
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
