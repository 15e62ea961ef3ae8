/**
 * Maps that are values: a change makes a new table, which shares with the old one all but the way to the change. A hash
 * table as a tree (Bagwell, "Ideal Hash Trees", 2001): on each level five bits of a key's hash choose one of 32 ways, and
 * a branch has a node for each way that leads to an entry.
 *
 * A table is plain JSON and depends on its entries only, not on how they came there: tables with the same entries are
 * equal all through, and their texts are.
 *
 * Entries can have a measure, such as when each expires. Every node knows the least one in it, so that `removeBelow`
 * looks only where there is something to remove.
 */

/** The keys of one table are all strings, or all numbers. */
export type Key = string | number

/** One entry. */
interface Leaf<K extends Key, A> {
  readonly size: 1
  /** Its measure. */
  readonly least: number
  readonly key: K
  readonly value: A
}

/** Two entries or more, or none. */
interface Branch<K extends Key, A> {
  /** How many entries. */
  readonly size: number
  /** The least of their measures; 0 without entries. */
  readonly least: number
  /** The ways that lead to an entry, a bit each; 0 where no bits of the hash are left: all have the same. */
  readonly ways: number
  /** By way; where no bits are left: by key. */
  readonly nodes: ReadonlyArray<Table<K, A>>
}

export type Table<K extends Key, A> = Leaf<K, A> | Branch<K, A>

export const empty: Table<never, never> = { size: 0, least: 0, ways: 0, nodes: [] }

/** FNV-1a of a string's UTF-16 units; the low 32 bits of a number. The upper half has a say in the first ways, too. */
const hashOf = (key: Key): number => {
  let hash = 0x811c9dc5
  if (typeof key === "number") hash = key | 0
  else for (let n = 0; n < key.length; n++) hash = Math.imul(hash ^ key.charCodeAt(n), 0x01000193)
  return hash ^ (hash >>> 16)
}

/** The way by the five bits of the hash from `shift` on, as a bit; 0 where none are left. */
const wayOf = (hash: number, shift: number): number => shift < 32 ? 1 << (hash >>> shift) : 0

/** How many bits are set. */
const count = (bits: number): number => {
  const pairs = bits - ((bits >>> 1) & 0x55555555)
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** Where in `nodes` the key's node is; without one: `~` of where it would be. */
const placeOf = <K extends Key, A>({ nodes, ways }: Branch<K, A>, key: K, way: number): number => {
  if (way !== 0) {
    const place = count(ways & (way - 1))
    return (ways & way) === 0 ? ~place : place
  }
  const leaves = nodes as ReadonlyArray<Leaf<K, A>>
  const place = leaves.filter((leaf) => leaf.key < key).length
  return leaves[place]?.key === key ? place : ~place
}

const leastOf = (nodes: ReadonlyArray<Table<Key, unknown>>): number =>
  nodes.reduce((least, node) => Math.min(least, node.least), Infinity)

const inserted = <K extends Key, A>(to: Branch<K, A>, place: number, way: number, leaf: Leaf<K, A>): Branch<K, A> => {
  const nodes = to.nodes.toSpliced(place, 0, leaf)
  return { size: to.size + 1, least: leastOf(nodes), ways: to.ways | way, nodes }
}

const replaced = <K extends Key, A>(of: Branch<K, A>, place: number, after: Table<K, A>): Branch<K, A> => {
  const before = of.nodes[place]!
  const nodes = of.nodes.with(place, after)
  // The others needn't be looked at, unless the least may have been the one that is gone.
  const least = after.least <= of.least ? after.least : before.least > of.least ? of.least : leastOf(nodes)
  return { size: of.size - before.size + after.size, least, ways: of.ways, nodes }
}

const cut = <K extends Key, A>(from: Branch<K, A>, place: number, way: number): Branch<K, A> => {
  const nodes = from.nodes.toSpliced(place, 1)
  return { size: from.size - 1, least: leastOf(nodes), ways: from.ways & ~way, nodes }
}

/** The key's value, if it is there. */
export const get = <K extends Key, A>(table: Table<K, A>, key: K): A | undefined => {
  const hash = hashOf(key)
  let node = table
  for (let shift = 0; !("key" in node); shift += 5) {
    const place = placeOf(node, key, wayOf(hash, shift))
    if (place < 0) return undefined
    node = node.nodes[place]!
  }
  return node.key === key ? node.value : undefined
}

/** The table with this entry; itself, if it is in there. `measure` depends on nothing but key and value. */
export const set = <K extends Key, A>(table: Table<K, A>, key: K, value: A, measure = 0): Table<K, A> => {
  const leaf: Leaf<K, A> = { size: 1, least: measure, key, value }
  return table.size === 0 ? leaf : put(table, leaf, hashOf(key), 0)
}

const put = <K extends Key, A>(node: Table<K, A>, leaf: Leaf<K, A>, hash: number, shift: number): Table<K, A> => {
  if ("key" in node) {
    if (node.key === leaf.key) return node.value === leaf.value ? node : leaf
    return put(put<K, A>(empty, node, hashOf(node.key), shift), leaf, hash, shift)
  }
  const way = wayOf(hash, shift)
  const place = placeOf(node, leaf.key, way)
  if (place < 0) return inserted(node, ~place, way, leaf)
  const before = node.nodes[place]!
  const after = put(before, leaf, hash, shift + 5)
  return after === before ? node : replaced(node, place, after)
}

/** The table without the key; itself, if it isn't there. */
export const remove = <K extends Key, A>(table: Table<K, A>, key: K): Table<K, A> => without(table, key, hashOf(key), 0)

const without = <K extends Key, A>(node: Table<K, A>, key: K, hash: number, shift: number): Table<K, A> => {
  if ("key" in node) return node.key === key ? empty : node
  const way = wayOf(hash, shift)
  const place = placeOf(node, key, way)
  if (place < 0) return node
  const before = node.nodes[place]!
  const after = without(before, key, hash, shift + 5)
  if (after === before) return node
  const rest = after.size === 0 ? cut(node, place, way) : replaced(node, place, after)
  // An entry that is left alone moves up: where it lies depends on the others that are there.
  return rest.size === 1 ? rest.nodes[0]! : rest
}

/** The table without the entries whose measures are less than `bound`; itself, if there are none. */
export const removeBelow = <K extends Key, A>(table: Table<K, A>, bound: number): Table<K, A> =>
  leavesBelow(table, bound).reduce((rest, { key }) => remove(rest, key), table)

/** The leaves whose measures are less than `bound`, beside those that were `found`. */
const leavesBelow = <K extends Key, A>(
  node: Table<K, A>,
  bound: number,
  found: Array<Leaf<K, A>> = []
): Array<Leaf<K, A>> => {
  if (node.least >= bound) return found
  if ("key" in node) found.push(node)
  else for (const each of node.nodes) leavesBelow(each, bound, found)
  return found
}

/** All of them, in an order that is the same for equal tables, and one by one: who takes them needn't take all at once. */
export function* walk<K extends Key, A>(table: Table<K, A>): Generator<readonly [K, A]> {
  if ("key" in table) yield [table.key, table.value]
  else for (const each of table.nodes) yield* walk(each)
}

/** In the order of their keys. */
export const entries = <K extends Key, A>(table: Table<K, A>): ReadonlyArray<readonly [K, A]> =>
  leavesBelow(table, Infinity).sort((a, b) => a.key < b.key ? -1 : 1).map(({ key, value }) => [key, value])

/** In their order. */
export const keys = <K extends Key>(table: Table<K, unknown>): ReadonlyArray<K> => entries(table).map(([key]) => key)

/** The table with these entries; of two with the same key, the later one. */
export const tableOf = <K extends Key, A>(
  all: Iterable<readonly [K, A]>,
  measure: (value: A, key: K) => number = () => 0
): Table<K, A> => {
  let table: Table<K, A> = empty
  for (const [key, value] of all) table = set(table, key, value, measure(value, key))
  return table
}

/** The measure of numbered entries, of which the lowest are over first. */
export const byNumber = (_: unknown, n: number): number => n
