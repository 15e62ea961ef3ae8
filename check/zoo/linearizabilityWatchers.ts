/**
 * Mistakes in the linearizability checker: of what all share, of each procedure the condition that it rests on, and of
 * the search each of its reductions. A comparison with brute force on random histories must notice (Negatives.ts).
 */
import type { Edit, Watcher } from "./Mutant.ts"

/** `edits`: file below check/linearizability, what to replace, and by what. */
const mistake = (
  id: string,
  title: string,
  noticedBy: string,
  edits: ReadonlyArray<readonly [file: string, from: string, to: string]>,
  scope: Watcher["scope"] = "deep"
): Watcher => ({
  id,
  title,
  edits: edits.map(([file, from, to]): Edit => ({ file: `check/linearizability/${file}.ts`, from, to })),
  noticedBy: `history: ${noticedBy}`,
  needsTlc: false,
  scope
})

export const linearizabilityWatchers: ReadonlyArray<Watcher> = [
  mistake("W08", "the linearizability checker takes all keys for one", "keys apart", [
    ["parts", "if (partition === undefined) return { names: history.keyNames, numbers: history.keys }", "if (partition === undefined) return { names: history.keyNames.slice(0, 1), numbers: history.keys.map(() => 0) }"]
  ], "check"),
  mistake("W20", "an operation that returns when another is called counts as before it", "random, register", [
    ["parts", "sorted[r]! < call;", "sorted[r]! <= call;"]
  ], "check"),
  mistake("W21", "operations that are known to have taken effect may be left out", "random, register", [
    ["parts", "    if (time === UNKNOWN) continue\n", "    if (time >= APPLIED) continue\n"],
    ["parts", "if (time === UNKNOWN) returns[i] = OPEN", "if (time >= APPLIED) returns[i] = OPEN"]
  ]),
  mistake("W22", "queues: dequeues of unknown outcome take nothing", "random, queue", [
    ["procedures/fifo", "left.slice(0, open.length)", "left.slice(0, 0)"]
  ]),
  mistake("W23", "queues: dequeues of unknown outcome take what was put in last", "random, queue", [
    ["procedures/fifo", "left.sort((x, y) => returns[enqueues[x]!]! - returns[enqueues[y]!]!)", "left.sort((x, y) => returns[enqueues[y]!]! - returns[enqueues[x]!]!)"]
  ]),
  mistake("W24", "queues: who finds it empty is believed", "random, queue", [
    ["procedures/fifo", "if (isInside && returns[i]! < to[s]!) return", "if (returns[i]! < 0) return"]
  ]),
  mistake("W25", "queues: only enqueues have an order", "random, queue", [
    ["procedures/fifo", "if (nextDr < byDr.length && dr[byDr[nextDr]!]! < dc[e]!)", "if (nextDr < 0)"]
  ], "check"),
  mistake("W26", "queues: equal values are taken for one", "random, queue", [
    ["procedures/fifo", "      if (stamps[value] === stamp) return undefined\n", ""]
  ]),
  mistake("W27", "queues: any element that may come next does", "random, queue", [
    ["procedures/fifo", "    const e = candidates.pop()\n", "    let e = candidates.pop()\n    if (candidates.size > 0 && dc[candidates.top]! < (dr[byDr[nextDr]!] ?? OPEN)) { const other = candidates.pop(); candidates.push(e); e = other }\n"]
  ]),
  mistake("W30", "two values: not the change that must be done first is taken, but the one called first", "random, mutex", [
    ["procedures/toggles", "[new Heap(deadlines), new Heap(deadlines)]", "[new Heap(calls), new Heap(calls)]"]
  ], "check"),
  mistake("W31", "two values: changes of unknown outcome are left out", "random, mutex", [
    ["procedures/toggles", "      if (isRead[event] === 0) changes[value[event]!]!.push(event)\n", "      if (isRead[event] === 0) { if (returns[event] !== OPEN) changes[value[event]!]!.push(event) }\n"]
  ]),
  mistake("W32", "two values: writes that need not change anything are taken for changes", "random, register", [
    ["procedures/toggles", "      if (returns[i]! < lastCall) return undefined\n", ""]
  ]),
  mistake("W33", "sets: an element appears with the last of its adds", "random, set", [
    ["procedures/growOnly", "          if (elements.called[element] === NONE) elements.called[element] = i\n", "          elements.called[element] = i\n"]
  ]),
  mistake("W34", "sets: reads need not be ordered", "random, set", [
    ["procedures/growOnly", "if (known < size) return illegal(", "if (known < 0) return illegal("]
  ]),
  mistake("W35", "sets: who missed an element doesn't count", "random, set", [
    ["procedures/growOnly", "if (missed !== NONE && calls[missed]! > time) {", "if (missed < NONE) {"]
  ], "check"),
  mistake("W36", "sets: removals of unknown outcome never happened", "random, set", [
    ["procedures/growOnly", "const isLeftOut = kinds.includes(Says.REMOVES)", "const isLeftOut = false"]
  ]),
  mistake("W37", "sets: all elements are one", "random, set", [
    ["procedures/elementwise", "      elements[i] = numbers[value]!\n", "      elements[i] = 0\n"]
  ]),
  mistake("W38", "sets: whole reads say nothing", "random, set", [
    ["procedures/elementwise", "      if (ops[rows[i]!] === read && answered[i] === 1) return undefined\n", ""]
  ]),
  mistake("W40", "counters: not the add that must be done first is taken, but the one called first", "random, counter", [
    ["procedures/counting", "new Heap(returns)", "new Heap(calls)"]
  ]),
  mistake("W41", "counters: all increments are taken for equal", "random, counter", [
    ["procedures/counting", "      if (unit !== 0 && increment !== unit) return undefined\n", ""]
  ]),
  mistake("W42", "counters: an add that answers goes before it is called", "random, counter", [
    ["procedures/counting", "maker === NONE ? anywhere.size === 0 : isCalled[maker] === 0", "maker === NONE && anywhere.size === 0"]
  ]),
  mistake("W43", "counters: a read of an earlier value is believed", "random, counter", [
    ["procedures/counting", "sees[i] === NONE || sees[i] === count", "sees[i] === NONE || sees[i]! <= count"]
  ]),
  mistake("W44", "locks: a guess that failed is taken for a proof", "random, lock", [
    ["procedures/holders", `return isGuess ? undefined : { verdict: "illegal" }`, `return { verdict: "illegal" }`]
  ], "check"),
  mistake("W45", "locks: nobody is let go first", "random, lock", [
    ["procedures/holders", "    letOthers(h)\n    return acquire(h)\n", "    return acquire(h)\n"]
  ]),
  mistake("W46", "locks with tokens: what is possible with operations of unknown outcome is not looked for", "random, fenced-lock", [
    ["procedures/fencing", `return isCertain ? { verdict: "illegal" } : undefined`, `return { verdict: "illegal" }`]
  ]),
  mistake("W47", "locks with tokens: tokens have no order", "random, fenced-lock", [
    ["procedures/fencing", "    acquires.sort((x, y) => token(x) - token(y))\n", ""]
  ]),
  mistake("W50", "shard controller: a query of an old configuration is taken for one of the latest", "random, shard", [
    ["procedures/numbered", "isExact[i] = num === wanted[row] ? 0 : 1", "isExact[i] = 1"]
  ]),
  mistake("W51", "shard controller: places are told apart without the changes that are open", "random, shard", [
    ["procedures/numbered", "    return openCount + 2\n", "    return 2\n"]
  ], "check"),
  mistake("W52", "shard controller: a change must do more than it can", "random, shard", [
    ["procedures/numbered", "if (left >= distance) continue", "if (left + 1 >= distance) continue"]
  ]),
  mistake("W53", "shard controller: groups that are gone never come back", "a group that comes back", [
    ["procedures/numbered", `!isAmong(from.gids, gid) && !this.#named("join", gid).some(isLeft)`, "!isAmong(from.gids, gid)"]
  ]),
  mistake("W55", "shard controller: to leave what is gone does nothing", "a leave that only rebalances", [
    ["procedures/numbered", "? op : String(kind)", `? "idle" : String(kind)`]
  ]),
  mistake("W54", "shard controller: the changes that led here are all that ever was", "random, shard", [
    ["procedures/numbered", "    if (left >= distance) continue", "    if (left >= distance || left > 0) continue"]
  ]),
  mistake("W60", "search: failed attempts go whatever the value is", "random, cas", [
    ["procedures/search", "k === Kind.READ ? a[i] === state : k === Kind.NOT && a[i] !== state", "k === Kind.READ ? a[i] === state : k === Kind.NOT"]
  ]),
  mistake("W61", "search: values that somebody must not meet are dead", "random, cas", [
    ["procedures/search", "avoids = (kinds & ((1 << Kind.NOT) | (1 << Kind.CHANGE))) !== 0", "avoids = false"]
  ]),
  mistake("W62", "search: of twins the one that returns last is tried", "random, cas", [
    ["procedures/search", "if (other === NONE || returns[i]! < returns[other]!) bestOfClass[c] = i", "if (other === NONE || returns[i]! > returns[other]!) bestOfClass[c] = i"]
  ], "check"),
  mistake("W63", "search: appends are twins whether hidden or not", "hidden twins", [
    ["procedures/search", "(kind[i] === Kind.APPEND ? hidden[i]! : 0)", "0"]
  ]),
  mistake("W64", "search: a write hides swaps as well", "random, cas", [
    ["procedures/search", "if (kind[i] === Kind.APPEND || (kind[i] === Kind.WRITE &&", "if (kind[i] === Kind.APPEND || kind[i] === Kind.SWAP || (kind[i] === Kind.WRITE &&"]
  ]),
  mistake("W65", "search: everything must be used at once", "random, cas", [
    ["procedures/search", "needsUse = returns[choice] === OPEN || (k === Kind.WRITE && choice !== blocking)", "needsUse = true"]
  ]),
  mistake("W66", "search: a value is not left while somebody needs it, though it can be made again", "random, register", [
    ["procedures/search", "grown === undefined && makers[state] === 0 && needed[state]! >", "grown === undefined && needed[state]! >"]
  ]),
  mistake("W67", "search: only one swap is in reach", "random, cas", [
    ["procedures/search", "      isMore = true\n", "      isMore = false\n"]
  ]),
  mistake("W68", "search: places are told apart without what is hidden", "random, kv", [
    ["procedures/search", "      if (hidden[i] === 1) key[word + words]! |= 1 << slot\n", ""]
  ]),
  mistake("W69", "search: an append gets away from the value only that somebody must not meet", "an append in time", [
    ["procedures/search", "isAvoided(state) || (avoids && k === Kind.APPEND)", "isAvoided(state)"]
  ]),
  mistake("W70", "search: places are told apart without what of unknown outcome was used", "unknown appends", [
    ["procedures/search", "      key[length++] = used\n", "      key[length++] = 0\n"]
  ]),
  mistake("W72", "search: what is appended to nothing that is read is never needed", "random, kv", [
    ["procedures/search", "if (k === Kind.APPEND && state === DEAD && hidden[i] === 1) return Infinity", "if (k === Kind.APPEND && state === DEAD) return Infinity"]
  ]),
  mistake("W73", "search: beginnings of strings are told apart by how long they are", "random, kv", [
    ["procedures/strings", "const name = length * sorted.length + from", "const name = length"]
  ]),
  mistake("W74", "search: of the strings that begin alike, the first goes on in all ways", "random, kv", [
    ["procedures/strings", "    const from = boundary(piece, beginning, false)", "    const { from } = beginning"]
  ]),
  mistake("W80", "different values: a value written twice is taken for one", "random, register", [
    ["procedures/distinct", "      if (stamps[b[i]!] === stamp) return undefined\n", ""]
  ]),
  mistake("W81", "different values: where one order has no room for a failed attempt, none has", "random, cas", [
    ["procedures/distinct", "return order === undefined ? undefined :", `return order === undefined ? { verdict: "illegal" } :`]
  ]),
  mistake("W82", "zones: two may overlap", "random, register", [
    ["procedures/zones", "if (fAt < zoneEnd) {", "if (fAt < 0) {"]
  ]),
  mistake("W83", "zones: inside a block the order of time is not looked at", "random, register", [
    ["procedures/zones", "          if (returned < sAt) {", "          if (returned < 0) {"]
  ]),
  mistake("W84", "appends: pieces of which one begins with another can be told apart", "random, kv", [
    ["procedures/appends", "if (sorted[k]!.startsWith(sorted[k - 1]!)) return undefined", "if (sorted[k]! === sorted[k - 1]!) return undefined"]
  ]),
  mistake("W85", "appends: reads may disagree on the order", "random, kv", [
    ["procedures/appends", "if (!texts.startsWith(epoch.longest, value)) {", "if (!texts.startsWith(epoch.longest, value) && length < 2) {"]
  ])
]
