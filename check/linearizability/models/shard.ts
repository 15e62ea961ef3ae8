// The shard controller: ten shards, numbered configurations, deterministic rebalancing.
import type { Operation } from "../History.ts"
import type { Model, ShapeOf } from "../Model.ts"
import { numbered } from "../procedures/numbered.ts"
import { canonical } from "../Texts.ts"
import type { Json } from "../Texts.ts"
import { sameCall } from "./calls.ts"
import { integer, nothing } from "./shapes.ts"

/** A configuration, made for changing and comparing those of hundreds of groups. */
export interface Configuration {
  readonly num: number
  /** For each shard the group that serves it; 0: none. */
  readonly shards: ReadonlyArray<number>
  /** The numbers of the groups, ascending, as they are in canonical JSON. */
  readonly gids: ReadonlyArray<number>
  /** Each of them with its servers, in canonical JSON. */
  readonly groups: ReadonlyArray<string>
}

/** What was to be seen so far, as a chain: one that is longer by one shares all the rest with it. */
interface Texts {
  /** `textOf` a configuration. */
  readonly text: string
  readonly earlier: Texts | null
}

export interface Configurations {
  readonly latest: Configuration
  readonly texts: Texts
}

export const first: Configuration = { num: 0, shards: Array(10).fill(0), gids: [], groups: [] }

/** What a query answers, `{num, shards, groups}`, as canonical JSON. */
export const textOf = ({ groups, num, shards }: Configuration): string =>
  `{"groups":{${groups.join(",")}},"num":${num},"shards":[${shards.join(",")}]}`

const isRecord = (v: Json): v is { readonly [key: string]: Json } => v !== null && typeof v === "object" && !Array.isArray(v)
const groups: ShapeOf = {
  words: "{gid: [servers]}, with gids of at most nine digits",
  accepts: (v) => isRecord(v) && Object.entries(v).every(([gid, servers]) => /^[1-9]\d{0,8}$/.test(gid) && Array.isArray(servers))
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
const rebalance = (shards: ReadonlyArray<number>, gids: ReadonlyArray<number>): ReadonlyArray<number> => {
  if (gids.length === 0) return shards.map(() => 0)
  const owners = shards.map((gid) => (isAmong(gids, gid) ? gid : 0))
  // Of the groups without shards only the lowest can get one. So no more groups matter than these, in their order.
  const some = [...new Set([...gids.slice(0, shards.length + 1), ...owners.filter((gid) => gid !== 0)])].sort((a, b) => a - b)
  const sizes = new Map(some.map((gid) => [gid, 0]))
  for (const gid of owners) if (gid !== 0) sizes.set(gid, sizes.get(gid)! + 1)
  const smallest = () => some.reduce((a, b) => (sizes.get(b)! < sizes.get(a)! ? b : a))
  const largest = () => some.reduce((a, b) => (sizes.get(b)! > sizes.get(a)! ? b : a))
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

/** Where a group is, or would be. */
const placeOf = (gids: ReadonlyArray<number>, gid: number): number => {
  let low = 0
  let high = gids.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (gids[middle]! < gid) low = middle + 1
    else high = middle
  }
  return low
}

/** Is it one of them? They are sorted. */
export const isAmong = (gids: ReadonlyArray<number>, gid: number): boolean => gids[placeOf(gids, gid)] === gid

/** The configuration after a `join`, `leave` or `move`. */
export const change = (last: Configuration, { op, value }: Pick<Operation, "op" | "value">): Configuration => {
  const num = last.num + 1
  if (op === "move") {
    const { gid, shard } = value as { readonly shard: number; readonly gid: number }
    return { ...last, num, shards: isAmong(last.gids, gid) ? last.shards.with(shard, gid) : last.shards }
  }
  const gids = [...last.gids]
  const groups = [...last.groups]
  const replace = (gid: number, group: ReadonlyArray<string>) => {
    const place = placeOf(gids, gid)
    const old = gids[place] === gid ? 1 : 0
    gids.splice(place, old, ...group.map(() => gid))
    groups.splice(place, old, ...group)
  }
  if (op === "join") {
    for (const [gid, servers] of Object.entries(value as object)) replace(Number(gid), [`"${gid}":${canonical(servers as Json)}`])
  } else for (const gid of value as ReadonlyArray<number>) replace(gid, [])
  return { num, shards: rebalance(last.shards, gids), gids, groups }
}

/** What a query of this number shows. */
export const shownBy = ({ latest, texts }: Configurations, wanted: number): string => {
  let shown = texts
  for (let num = latest.num; num > wanted && wanted >= 0; num--) shown = shown.earlier!
  return shown.text
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
  init: { latest: first, texts: { text: textOf(first), earlier: null } },
  step: (state, x) => {
    if (x.op !== "query") {
      const latest = change(state.latest, x)
      return { latest, texts: { text: textOf(latest), earlier: state.texts } }
    }
    return x.return === null || canonical(x.output) === shownBy(state, x.value as number) ? state : undefined
  },
  equal: (a, b) => {
    let [x, y]: [Texts | null, Texts | null] = [a.texts, b.texts]
    if (a.latest.num !== b.latest.num) return false
    for (; x !== y; x = x!.earlier, y = y!.earlier) if (x!.text !== y!.text) return false
    return true
  },
  hash: ({ texts }) => texts.text,
  reads: (x) => x.op === "query",
  alike: sameCall,
  describeState: ({ texts }) => texts.text,
  procedure: (history) => numbered(history)
}
