// The operations on one object as a scene: a bar each, from call to return, on the lane of its client.
import { columnsOf } from "../Columns.ts"
import { HAD_NO_EFFECT, OPEN, RETURNED, TOOK_EFFECT } from "../Picture.ts"
import type { ObjectSheet, Order, Picture } from "../Picture.ts"
import { exact } from "./Scene.ts"
import type { Bar, Drawing, Entry, Fact, Mark, Path, Scene, Section } from "./Scene.ts"

/** With more lanes than this, which may not all be in sight, those that matter come first. */
const lanesInSight = 10
/** With more clients than this, those that are never active at the same time share a lane. */
const lanesWithoutSharing = 24

/** Operations of a core that are listed at most: the last ones; and those that could come next. */
const mostListed = 100

/** Steps of an order that are listed before and after the one selected. */
const stepsAround = 6

export const objectDrawing = (picture: Picture, sheet: ObjectSheet): Drawing => {
  const { operations, texts } = picture
  const marks = new Map<number, Mark>()
  const mark = (items: ReadonlyArray<number>, how: Mark) => items.forEach((item) => item >= 0 && marks.set(item, how))
  mark(sheet.context, "context")
  mark(sheet.core, "core")
  if (sheet.blocked !== null && !sheet.core.includes(sheet.blocked)) mark([sheet.blocked], "blocked")
  const byCall = (items: Iterable<number>) => [...items].sort((a, b) => a - b)
  const all = Array.from({ length: sheet.count }, (_, n) => sheet.first + n)
  const orders = wholeOrders(sheet.orders)

  const factsOf = (item: number): ReadonlyArray<Fact> => {
    const outcome = operations.outcomes[item]!
    const [value, output] = [texts[operations.values[item]!]!, texts[operations.outputs[item]!]!]
    const places = orders.flatMap(({ places }, n) => places.has(item) ? [`${places.get(item)! + 1} in order ${n + 1}`] : [])
    return [
      ["client", String(operations.clients[item]!)],
      ["operation", texts[operations.names[item]!]!],
      ...(value === "null" ? [] : [["value", value] as const]),
      ...(outcome !== RETURNED || (output === "null" && value !== "null") ? [] : [["output", output] as const]),
      ["call", exact(operations.calls[item]!)],
      ["return", outcome === RETURNED ? exact(operations.returns[item]!) : outcomeWords[outcome]!],
      ...(operations.lines[item] === 0 ? [] : [["line", String(operations.lines[item]!)] as const]),
      ...(marks.has(item) ? [["part", markWords[marks.get(item)!]] as const] : []),
      ...(places.length === 0 ? [] : [["place", places.slice(0, 3).join(", ")] as const])
    ]
  }
  const labelOf = (item: number) => item < 0 ? "an operation that is not in this page" : texts[operations.labels[item]!]!
  const titleOf = (item: number) => item < 0 ? labelOf(item) : `${labelOf(item)} by client ${operations.clients[item]!}`
  const next = sheet.orders.flatMap((order) => order.next.map(({ operation }) => operation)).filter((item) => item >= 0)
  const vital = byCall(new Set([...marks.keys(), ...next]))
  const ends = orders.flatMap(({ operations }) => operations.slice(-stepsAround)).filter((item) => item >= 0)
  const near = new Set([...vital, ...sheet.verdict === "illegal" ? ends : []])
  const describe = { factsOf, titleOf, labelOf, marks, marked: byCall(marks.keys()), near }
  const scene = sceneOf(picture, all, describe)

  const marked = (mark: Mark) => describe.marked.filter((item) => marks.get(item) === mark).slice(-mostListed)
  const entry = (item: number, sign: string, hint: string): Entry => ({ item: item < 0 ? undefined : item, sign, text: titleOf(item), hint })
  return {
    scene,
    focus: marks.size === 0 || vital.length === all.length ? undefined : sceneOf(picture, vital, describe),
    orders: orders.length,
    ordersWith: (item) => orders.flatMap(({ places }, n) => places.has(item) ? [n] : []),
    path: (scene, n) => orders[n] === undefined ? undefined : pathOf(scene, orders[n], sheet.orders[n]!),
    sections: (selected, n) => [
      selected === undefined
        ? {
          title: sheet.verdict === "illegal" ? "Core" : "Operation",
          note: sheet.verdict === "illegal" ? coreNote(sheet) : "Select an operation to see all about it.",
          facts: [],
          entries: [...marked("core"), ...marked("blocked"), ...marked("context")].map((item) => entry(item, markSigns[marks.get(item)!], markWords[marks.get(item)!]))
        }
        : { title: titleOf(selected), note: "", facts: factsOf(selected), entries: [] },
      ...orderSections(sheet, orders[n], n, texts, selected, entry)
    ]
  }
}

const outcomeWords: Readonly<Record<number, string>> = {
  [OPEN]: "unknown: it may take effect at any later time, or never",
  [TOOK_EFFECT]: "unknown: it took effect at some later time",
  [HAD_NO_EFFECT]: "failed: it had no effect"
}

const markWords: Readonly<Record<Mark, string>> = {
  core: "core",
  context: "context of the core",
  blocked: "with its return there is no order any more",
  none: ""
}

const markSigns: Readonly<Record<Mark, string>> = { core: "◆", context: "◇", blocked: "■", none: "" }

const coreNote = ({ before, core, isMinimal }: ObjectSheet) => {
  if (core.length === 0) return "Nothing is known of why."
  const who = core.length === 1 ? "This operation (◆) has" : `These ${core.length.toLocaleString("en")} operations (◆) have`
  const fewer = isMinimal ? "" : " Perhaps fewer of them would do: time ran out."
  return `${who} no order, whatever became of all others.${fewer} ${before.toLocaleString("en")} had returned before.`
}

interface WholeOrder {
  readonly operations: ReadonlyArray<number>
  /** The state after the n-th operation, a number in `texts`, where it is known. */
  readonly stateAfter: (n: number) => number | undefined
  /** Where each operation is. */
  readonly places: ReadonlyMap<number, number>
}

const wholeOrders = (orders: ReadonlyArray<Order>): ReadonlyArray<WholeOrder> => {
  const whole: Array<WholeOrder> = []
  for (const order of orders) {
    const before = whole.at(-1)
    const operations = [...before?.operations.slice(0, order.shared) ?? [], ...order.operations]
    const unknown = operations.length - order.states.length
    whole.push({ operations, stateAfter: (n) => order.states[n - unknown], places: new Map(operations.flatMap((item, n) => item < 0 ? [] : [[item, n]])) })
  }
  return whole
}

/** The steps of an order about the selected operation, or its last ones, and what could come then. */
const orderSections = (
  { orders, verdict }: ObjectSheet,
  order: WholeOrder | undefined,
  n: number,
  texts: ReadonlyArray<string>,
  selected: number | undefined,
  entry: (item: number, sign: string, hint: string) => Entry
): ReadonlyArray<Section> => {
  if (order === undefined) return []
  const { length } = order.operations
  const stateAfter = (k: number) => {
    const state = order.stateAfter(k)
    return state === undefined ? "" : texts[state]!
  }
  const at = selected === undefined ? undefined : order.places.get(selected)
  const middle = at ?? length - 1
  const [from, to] = [Math.max(0, middle - stepsAround), Math.min(length, middle + stepsAround + 1)]
  const which = verdict === "ok" ? "An order that works" : `Longest order ${n + 1} of ${orders.length}`
  const missing = selected !== undefined && at === undefined ? "The selected operation is not in it. " : ""
  const { next } = orders[n]!
  return [
    {
      title: `${which}: ${length.toLocaleString("en")} operations`,
      note: missing + (to < length ? `Steps ${from + 1} to ${to}` : "The last steps") + (stateAfter(from) === "" ? "." : ", each with the state after it."),
      facts: [],
      entries: order.operations.slice(from, to).map((item, k) => entry(item, String(from + k + 1), stateAfter(from + k)))
    },
    ...(next.length === 0 ? [] : [{
      title: "None of these can come next",
      note: length === 0 ? "" : `The state then: ${stateAfter(length - 1)}`,
      facts: [],
      entries: next.slice(0, mostListed).map(({ operation, why }) => entry(operation, "✗", why))
    }])
  ]
}

interface Describe {
  readonly factsOf: (item: number) => ReadonlyArray<Fact>
  readonly titleOf: (item: number) => string
  readonly labelOf: (item: number) => string
  readonly marks: ReadonlyMap<number, Mark>
  readonly marked: ReadonlyArray<number>
  /** Marked ones, those that could come next, and those that came last. */
  readonly near: ReadonlySet<number>
}

/** The scene of some operations, given in the order of their calls. */
const sceneOf = ({ annotations, operations }: Picture, items: ReadonlyArray<number>, describe: Describe): Scene => {
  const { calls, clients, outcomes, reads, returns } = operations
  const found = columnsOf(items.map((item) => calls[item]!), items.map((item) => outcomes[item] === RETURNED ? returns[item]! : Infinity))
  const { starts, times } = found
  // Nobody knows when what failed came back; it matters to nobody either.
  const ends = found.ends.map((end, n) => outcomes[items[n]!] === HAD_NO_EFFECT ? starts[n]! + 0.75 : end)
  const columns = times.length
  const { laneOf, lanes } = lanesOf(items, clients, starts, ends, describe)
  const last = new Map<number, Bar & { drawnTo: number }>()
  const bars = items.map((item, n): Bar => {
    const lane = laneOf(clients[item]!)
    const [from, to] = [starts[n]!, ends[n]!]
    const before = last.get(lane)
    if (before?.to === Infinity) before.drawnTo = Math.max(before.from + 0.5, from - 0.25)
    const bar = {
      item,
      lane,
      from,
      to,
      drawnTo: to === Infinity ? columns + 1 : to,
      label: describe.labelOf(item),
      look: outcomes[item] === HAD_NO_EFFECT ? "failed" : reads[item] === 1 ? "read" : "change",
      mark: describe.marks.get(item) ?? "none"
    }
    last.set(lane, bar)
    return bar
  })
  const columnAt = (time: number) => {
    const n = times.findIndex((t) => t >= time)
    return n < 0 ? columns : times[n] === time ? n : n - 0.5
  }
  return {
    lanes,
    bars,
    points: [],
    arrows: [],
    bands: annotations.map(({ from, group, label, to }) => ({
      group,
      label,
      from: columnAt(from),
      to: to === null ? Infinity : Math.max(columnAt(from), columnAt(to))
    })),
    columns,
    times,
    axisName: "time",
    axis: (column) => times[column] === undefined ? "" : exact(times[column]),
    items,
    marked: describe.marked,
    first: [describe.marked, describe.marked.filter((item) => describe.marks.get(item) !== "context")],
    laneHeight: 34,
    columnWidth: 24,
    titleOf: describe.titleOf,
    factsOf: describe.factsOf
  }
}

/** A lane for each client, or for clients one after the other. */
const lanesOf = (
  items: ReadonlyArray<number>,
  clientOf: ReadonlyArray<number>,
  starts: ReadonlyArray<number>,
  ends: ReadonlyArray<number>,
  { marked, near }: Describe
) => {
  const spans = new Map<number, { from: number; to: number }>()
  items.forEach((item, n) => {
    const client = clientOf[item]!
    // An unknown outcome is mostly a client's last: its lane is free for others soon after.
    const to = ends[n] === Infinity ? starts[n]! + 2 : ends[n]!
    const span = spans.get(client)
    if (span === undefined) spans.set(client, { from: starts[n]!, to })
    else span.to = Math.max(span.to, to)
  })
  const isShared = spans.size > lanesWithoutSharing
  const lanes: Array<{ clients: Array<number>; to: number }> = []
  const clients = [...spans.keys()].sort((a, b) => isShared ? spans.get(a)!.from - spans.get(b)!.from : a - b)
  for (const client of clients) {
    const { from, to } = spans.get(client)!
    const free = isShared ? lanes.find((lane) => lane.to < from) : undefined
    if (free === undefined) lanes.push({ clients: [client], to })
    else {
      free.clients.push(client)
      free.to = to
    }
  }
  if (lanes.length > lanesInSight) {
    const clientsOf = (those: Iterable<number>) => new Set(Array.from(those, (item) => clientOf[item]!))
    const [first, second] = [clientsOf(marked), clientsOf(near)]
    const rank = ({ clients }: { readonly clients: ReadonlyArray<number> }) =>
      clients.some((client) => first.has(client)) ? 0 : clients.some((client) => second.has(client)) ? 1 : 2
    lanes.sort((a, b) => rank(a) - rank(b))
  }
  const laneOf = new Map(lanes.flatMap(({ clients }, n) => clients.map((client) => [client, n])))
  return {
    laneOf: (client: number) => laneOf.get(client)!,
    lanes: lanes.map(({ clients: [first, ...others] }) => ({
      name: others.length === 0 ? `client ${first}` : `client ${first} …`,
      hint: `${others.length === 0 ? "client" : "clients, one after the other:"} ${[first, ...others].join(", ")}`
    }))
  }
}

/** Moments at which the operations of an order can have taken effect: as early as the order and their calls allow. */
const pathOf = (scene: Scene, order: WholeOrder, { next }: Order): Path => {
  const bars = new Map(scene.bars.map((bar) => [bar.item, bar]))
  const drawn = order.operations.flatMap((item, n) => bars.has(item) ? [{ bar: bars.get(item)!, number: n + 1 }] : [])
  const columns: Array<number> = []
  let column = 0
  drawn.forEach(({ bar }, n) => {
    column = Math.max(column, bar.from)
    columns[n] = column
  })
  // Those at one column are spread over the room behind it: what returns next is a column further.
  for (let from = 0; from < columns.length;) {
    let to = from
    while (columns[to] === columns[from]) to++
    for (let n = from, at = columns[from]!; n < to; n++) columns[n] = at + (n - from + 1) / (to - from + 1)
    from = to
  }
  return {
    items: drawn.map(({ bar }) => bar.item),
    numbers: drawn.map(({ number }) => number),
    lanes: drawn.map(({ bar }) => bar.lane),
    columns,
    stuck: next.flatMap(({ operation }) => bars.has(operation) ? [operation] : [])
  }
}
