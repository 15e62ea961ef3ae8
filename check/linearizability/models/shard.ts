// The shard controller: ten shards, numbered configurations, deterministic rebalancing.
import type { Operation } from "../History.ts"
import type { Model, ShapeOf } from "../Model.ts"
import { canonical } from "../Texts.ts"
import type { Json } from "../Texts.ts"
import { sameCall } from "./calls.ts"
import { integer, nothing } from "./shapes.ts"

export interface Configuration {
  readonly num: number
  /** For each shard the group that serves it; 0: none. */
  readonly shards: ReadonlyArray<number>
  /** By group, its servers. */
  readonly groups: Readonly<Record<string, ReadonlyArray<string>>>
}

/** All configurations so far, as a chain: one that is longer by one shares all the rest with it. */
export interface Configurations {
  readonly latest: Configuration
  readonly earlier: Configurations | null
}

export const first: Configuration = { num: 0, shards: Array(10).fill(0), groups: {} }

export const textOf = (configuration: Configuration): string => canonical(configuration as unknown as Json)

const isRecord = (v: Json): v is { readonly [key: string]: Json } => v !== null && typeof v === "object" && !Array.isArray(v)
const groups: ShapeOf = {
  words: "{gid: [servers]}",
  accepts: (v) => isRecord(v) && Object.entries(v).every(([gid, servers]) => /^[1-9]\d*$/.test(gid) && Array.isArray(servers))
}
const gids: ShapeOf = {
  words: "a list of group numbers",
  accepts: (v) => Array.isArray(v) && v.every((gid) => typeof gid === "number")
}
const placement: ShapeOf = {
  words: "{shard, gid}",
  accepts: (v) => isRecord(v) && [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].includes(v["shard"] as number) && typeof v["gid"] === "number"
}
const configuration: ShapeOf = {
  words: "a configuration {num, shards, groups}",
  accepts: (v) => isRecord(v) && Number.isInteger(v["num"])
}

/**
 * Shards of groups that are gone, then one shard at a time of the largest group, go to the smallest group, until sizes
 * differ by at most one; lowest shard first, lowest group on a tie. Without any group all shards are of group 0.
 */
const rebalance = (shards: ReadonlyArray<number>, members: Configuration["groups"]): ReadonlyArray<number> => {
  const ids = Object.keys(members).map(Number).sort((a, b) => a - b)
  if (ids.length === 0) return shards.map(() => 0)
  const owners = shards.map((gid) => (gid in members ? gid : 0))
  const sizes = new Map(ids.map((gid) => [gid, owners.filter((owner) => owner === gid).length]))
  const smallest = () => ids.reduce((a, b) => (sizes.get(b)! < sizes.get(a)! ? b : a))
  const largest = () => ids.reduce((a, b) => (sizes.get(b)! > sizes.get(a)! ? b : a))
  const give = (shard: number, gid: number) => {
    owners[shard] = gid
    sizes.set(gid, sizes.get(gid)! + 1)
  }
  owners.forEach((owner, shard) => {
    if (owner === 0) give(shard, smallest())
  })
  for (let from = largest(), to = smallest(); sizes.get(from)! - sizes.get(to)! > 1; from = largest(), to = smallest()) {
    give(owners.indexOf(from), to)
    sizes.set(from, sizes.get(from)! - 1)
  }
  return owners
}

/** The configuration after a `join`, `leave` or `move`. */
export const change = (last: Configuration, x: Pick<Operation, "op" | "value">): Configuration => {
  const num = last.num + 1
  if (x.op === "move") {
    const { gid, shard } = x.value as { readonly shard: number; readonly gid: number }
    return { ...last, num, shards: gid in last.groups ? last.shards.with(shard, gid) : last.shards }
  }
  const members = { ...last.groups }
  if (x.op === "join") Object.assign(members, x.value)
  else for (const gid of x.value as ReadonlyArray<number>) delete members[gid]
  return { num, shards: rebalance(last.shards, members), groups: members }
}

/**
 * `join` and `leave` rebalance, `move` places one shard; each makes the next configuration, even where nothing moves.
 * `query n` answers configuration n, or the latest where n is negative or too big.
 */
export const shard: Model<Configurations> = {
  name: "shard",
  operations: {
    join: { value: groups, output: nothing },
    leave: { value: gids, output: nothing },
    move: { value: placement, output: nothing },
    query: { value: integer, output: configuration }
  },
  init: { latest: first, earlier: null },
  step: (state, x) => {
    if (x.op !== "query") return { latest: change(state.latest, x), earlier: state }
    if (x.return === null) return state
    const wanted = x.value as number
    let shown = state
    if (wanted >= 0) while (shown.latest.num > wanted) shown = shown.earlier!
    return canonical(x.output) === textOf(shown.latest) ? state : undefined
  },
  equal: (a, b) => {
    let [x, y]: [Configurations | null, Configurations | null] = [a, b]
    if (a.latest.num !== b.latest.num) return false
    for (; x !== y; x = x!.earlier, y = y!.earlier) if (textOf(x!.latest) !== textOf(y!.latest)) return false
    return true
  },
  hash: (state) => textOf(state.latest),
  reads: (x) => x.op === "query",
  alike: sameCall,
  describeState: ({ latest }) => textOf(latest)
}
