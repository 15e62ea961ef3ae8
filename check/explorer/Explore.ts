/** Explores all reachable worlds of a model, breadth first, in one thread. */
import { setImmediate } from "node:timers/promises"
import { Graph } from "./Graph.ts"
import { Locals } from "./Locals.ts"
import type { Model } from "./Model.ts"
import { conclude, type Options, type Result } from "./Result.ts"
import { Search } from "./Search.ts"
import { emptyTables, ints, Worlds } from "./Worlds.ts"

export interface Exploration<A, M, G> {
  readonly result: Result<A, M, G>
  readonly graph: Graph<A, M, G>
}

/** Successors gathered before they are looked up together. */
const batch = 512

/** Milliseconds after which other tasks, and the signal's, get their turn. */
const slice = 50

/**
 * Explores a model to exhaustion, to the end of the level in which a violation is found, or until it is stopped.
 * Rejects only when the model itself is malformed (a predicate's name used twice, a budget that the root lacks).
 */
export const explore = async <A, M, G>(model: Model<A, M, G>, options: Options = {}): Promise<Exploration<A, M, G>> => {
  const { memory = Infinity, onProgress, signal } = options
  const began = performance.now()
  const locals = new Locals(model)
  const worlds = new Worlds(emptyTables(locals.width, ints))
  const search = new Search(locals, worlds)
  const { checks, successors } = search
  let stopped = (signal?.aborted === true ? "aborted" : undefined) as Result<A, M, G>["stopped"]
  let peakBytes = 0
  let levels = 0
  let expanded = 0

  /** Notes the bytes taken, or stops the search when they are too many. */
  const fits = (bytes: number): boolean => {
    if (bytes > memory) stopped = "memory"
    else peakBytes = Math.max(peakBytes, bytes)
    return bytes <= memory
  }
  const flush = (): void => {
    // While tables grow, they exist at their old and at twice that size.
    if (!worlds.hasRoom(successors.length) && fits(3 * worlds.bytes + search.bytes)) worlds.grow(successors.length)
    if (stopped === "memory") return
    search.add(0, successors.length)
    successors.length = 0
  }

  search.begin()
  flush()
  let yielded = performance.now()
  let reported = yielded
  while (stopped === undefined && expanded < worlds.count) {
    if (checks.findings.size > 0) {
      stopped = "violation"
      break
    }
    const end = worlds.count
    checks.depth = levels + 2
    while (expanded < end && stopped === undefined) {
      const first = expanded
      while (expanded < end && successors.length < batch) search.expand(expanded++)
      flush()
      if (stopped === "memory") expanded = first
      if (performance.now() - yielded < slice) continue
      fits(worlds.bytes + search.bytes)
      await setImmediate()
      if (signal?.aborted === true) stopped ??= "aborted"
      yielded = performance.now()
      if (yielded - reported < 1000) continue
      reported = yielded
      onProgress?.({
        states: worlds.count,
        generated: search.generated + 1,
        queue: worlds.count - expanded,
        level: levels + 1,
        statesPerSecond: Math.round(worlds.count / (yielded - began) * 1000)
      })
    }
    if (expanded === end) levels++
  }
  if (checks.findings.size > 0) stopped ??= "violation"
  fits(worlds.bytes + search.bytes)
  const result = conclude(model, [search.report(checks.messagesMet)], {
    distinct: worlds.count,
    expanded,
    levels,
    messages: checks.messagesMet.size,
    peakBytes,
    seconds: (performance.now() - began) / 1000,
    stopped
  })
  return { result, graph: new Graph(locals, worlds) }
}
