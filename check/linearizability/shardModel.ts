// The shard controller as a sequential object: ten shards, numbered configurations, deterministic rebalancing.
import { canonical } from "./History.ts"
import type { Json, Operation } from "./History.ts"
import type { Model, ShapeOf } from "./Model.ts"

interface Configuration {
  readonly num: number
  readonly shards: ReadonlyArray<number>
  readonly groups: Readonly<Record<string, ReadonlyArray<string>>>
}

const first: Configuration = { num: 0, shards: Array(10).fill(0), groups: {} }

const isRecord = (v: Json): v is { readonly [key: string]: Json } =>
  v !== null && typeof v === "object" && !Array.isArray(v)
const nothing: ShapeOf = { words: "null", accepts: (v) => v === null }
const number: ShapeOf = { words: "a number", accepts: (v) => typeof v === "number" }
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
const configuration: ShapeOf = { words: "a configuration {num, shards, groups}", accepts: isRecord }

/**
 * Shards of groups that are gone, then one shard at a time of the largest group, go to the smallest group, until sizes
 * differ by at most one; lowest shard first, lowest group on a tie. Shard 0 of no group at all is group 0.
 */
const rebalance = (shards: ReadonlyArray<number>, members: Configuration["groups"]): ReadonlyArray<number> => {
  const ids = Object.keys(members).map(Number).sort((a, b) => a - b)
  if (ids.length === 0) return shards.map(() => 0)
  const owners = shards.map((gid) => (gid in members ? gid : 0))
  const size = (gid: number) => owners.filter((owner) => owner === gid).length
  const smallest = () => ids.reduce((a, b) => (size(b) < size(a) ? b : a))
  const largest = () => ids.reduce((a, b) => (size(b) > size(a) ? b : a))
  owners.forEach((owner, i) => {
    if (owner === 0) owners[i] = smallest()
  })
  while (size(largest()) - size(smallest()) > 1) owners[owners.indexOf(largest())] = smallest()
  return owners
}

const change = (last: Configuration, x: Operation): Configuration => {
  const num = last.num + 1
  if (x.op === "move") {
    const { shard, gid } = x.value as { readonly shard: number; readonly gid: number }
    return { ...last, num, shards: gid in last.groups ? last.shards.with(shard, gid) : last.shards }
  }
  const members = { ...last.groups }
  if (x.op === "join") Object.assign(members, x.value)
  else for (const gid of x.value as ReadonlyArray<number>) delete members[gid]
  return { num, shards: rebalance(last.shards, members), groups: members }
}

/**
 * `join` and `leave` rebalance, `move` places one shard; each makes the next configuration, even where nothing moves.
 * `query n` answers configuration n, or the latest where n is negative or too big. The state is the list of all
 * configurations, as JSON.
 */
export const shard: Model = {
  name: "shard",
  operations: {
    join: { value: groups, output: nothing },
    leave: { value: gids, output: nothing },
    move: { value: placement, output: nothing },
    query: { value: number, output: configuration }
  },
  init: canonical([first] as unknown as Json),
  step: (state, x) => {
    const all = JSON.parse(state) as ReadonlyArray<Configuration>
    const last = all.at(-1)!
    if (x.op !== "query") return canonical([...all, change(last, x)] as unknown as Json)
    const wanted = x.value as number
    const answer = wanted < 0 || wanted >= all.length ? last : all[wanted]
    return x.return === null || canonical(x.output) === canonical(answer as unknown as Json) ? state : undefined
  },
  effect: (x) => (x.op === "query" ? "reads" : "blind"),
  deadEnd: (operations) => {
    // Configurations never change: whoever saw number n saw the only one.
    const seen = new Map<number, string>()
    for (const x of operations) {
      if (x.op === "query" && x.return !== null) {
        seen.set((x.output as unknown as Configuration).num, canonical(x.output))
      }
    }
    return (state) => {
      const last = (JSON.parse(state) as ReadonlyArray<Configuration>).at(-1)!
      return seen.has(last.num) && seen.get(last.num) !== canonical(last as unknown as Json)
    }
  }
}
