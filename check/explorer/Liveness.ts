/**
 * Judges what happens for ever. "Eventually always P" is false of a finite graph exactly if a fair path visits, for ever,
 * a state that misses P: one that stays in a strongly connected part. The path is weakly fair if, of each fair action,
 * it takes a step again and again, or passes states in which there is none to take. The part as a whole is the fairest
 * path in it, so it is enough to look at whole parts; a state without a real successor is one, too.
 */

/** States are 0, 1, …; the edges that leave state n are first[n] … first[n + 1] - 1. Steps that change nothing are none. */
export interface FairGraph {
  readonly size: number
  readonly first: ArrayLike<number>
  /** Per edge: the state that it leads to. */
  readonly to: ArrayLike<number>
  /** Per edge: the number of its fair action (0 to 30), or -1. */
  readonly fair: ArrayLike<number>
  /** Per state: the edge by which it was first found, -1: it is initial. Following these back is a shortest way. */
  readonly foundBy: ArrayLike<number>
}

/** An infinite path: from an initial state, by edges, the stem once, then the loop for ever (empty: it stays there). */
export interface Lasso {
  readonly start: number
  readonly stem: ReadonlyArray<number>
  readonly loop: ReadonlyArray<number>
}

/** The source of each edge. */
const sources = ({ first, size, to }: FairGraph): Int32Array => {
  const from = new Int32Array(to.length)
  for (let state = 0; state < size; state++) from.fill(state, first[state]!, first[state + 1]!)
  return from
}

/** The number of each state's strongly connected part (Tarjan 1972, without recursion). */
export const components = ({ first, size, to }: Pick<FairGraph, "first" | "size" | "to">): Int32Array => {
  const component = new Int32Array(size).fill(-1)
  const order = new Int32Array(size).fill(-1)
  const low = new Int32Array(size)
  const next = Int32Array.from({ length: size }, (_, state) => first[state]!)
  const path: Array<number> = []
  const open: Array<number> = []
  let visited = 0
  let found = 0
  for (let root = 0; root < size; root++) {
    if (order[root] !== -1) continue
    path.push(root)
    while (path.length > 0) {
      const state = path.at(-1)!
      if (order[state] === -1) {
        order[state] = low[state] = visited++
        open.push(state)
      }
      if (next[state]! < first[state + 1]!) {
        const target = to[next[state]!++]!
        if (order[target] === -1) path.push(target)
        else if (component[target] === -1) low[state] = Math.min(low[state]!, order[target]!)
        continue
      }
      path.pop()
      const before = path.at(-1)
      if (before !== undefined) low[before] = Math.min(low[before]!, low[state]!)
      if (low[state] !== order[state]) continue
      for (let member = -1; member !== state;) {
        member = open.pop()!
        component[member] = found
      }
      found++
    }
  }
  return component
}

/** A fair path on which P doesn't come to stay, with the shortest stem; undefined: on every one it does. */
export const lassoMissing = (graph: FairGraph, holds: (state: number) => boolean): Lasso | undefined => {
  const { fair, first, size, to } = graph
  const component = components(graph)
  const enabled = new Int32Array(size)
  const always = new Int32Array(size).fill(-1)
  const taken = new Int32Array(size)
  for (let state = 0; state < size; state++) {
    const own = component[state]!
    for (let edge = first[state]!; edge < first[state + 1]!; edge++) {
      if (fair[edge]! < 0) continue
      enabled[state]! |= 1 << fair[edge]!
      if (component[to[edge]!] === own) taken[own]! |= 1 << fair[edge]!
    }
    always[own]! &= enabled[state]!
  }
  for (let state = 0; state < size; state++) {
    const own = component[state]!
    if ((always[own]! & ~taken[own]!) !== 0 || holds(state)) continue
    return { ...stemTo(graph, state), loop: loopAt(graph, component, enabled, always[own]!, state) }
  }
  return undefined
}

/** A shortest way to the state. */
export const stemTo = (graph: FairGraph, state: number): Pick<Lasso, "start" | "stem"> => {
  const from = sources(graph)
  const stem: Array<number> = []
  let start = state
  for (let edge = graph.foundBy[start]!; edge >= 0; edge = graph.foundBy[start]!) {
    stem.unshift(edge)
    start = from[edge]!
  }
  return { start, stem }
}

/** A way from the state back to it, within its part, that is fair. */
const loopAt = (
  graph: FairGraph,
  component: Int32Array,
  enabled: Int32Array,
  always: number,
  state: number
): Array<number> => {
  const { fair, first, to } = graph
  const loop: Array<number> = []
  let at = state
  /** Appends the shortest way to an edge, or to a state, that is wanted. */
  const go = (edgeWanted: (edge: number) => boolean, stateWanted: (state: number) => boolean): void => {
    if (stateWanted(at)) return
    const foundBy = new Map<number, number>([[at, -1]])
    const source = new Map<number, number>()
    for (const here of foundBy.keys()) {
      for (let edge = first[here]!; edge < first[here + 1]!; edge++) {
        const target = to[edge]!
        if (component[target] !== component[state]) continue
        source.set(edge, here)
        const arrived = edgeWanted(edge) || stateWanted(target)
        if (!arrived && !foundBy.has(target)) foundBy.set(target, edge)
        if (!arrived) continue
        const way = [edge]
        for (let back = foundBy.get(here)!; back >= 0; back = foundBy.get(source.get(back)!)!) way.unshift(back)
        loop.push(...way)
        at = target
        return
      }
    }
  }
  for (let action = 0; action < 31; action++) {
    const bit = 1 << action
    if ((always & bit) !== 0) go((edge) => fair[edge] === action, () => false)
    else go(() => false, (there) => (enabled[there]! & bit) === 0)
  }
  go(() => false, (there) => there === state)
  return loop
}
