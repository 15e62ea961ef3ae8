// An execution as a scene, a space-time diagram: lanes are servers, a column is a step. A point is a step, the bar behind
// it the state that the server is in from then on, an arrow a message.
import type { StorySheet } from "../Picture.ts"
import type { Arrow, Bar, Drawing, Fact, Point, Scene, Section } from "./Scene.ts"

/** Items are the steps from 0 on, then the servers as they were before. Step `n` is at column `n + 1`. */
export const storyDrawing = (sheet: StorySheet): Drawing => {
  const { servers, steps } = sheet
  const last = steps.length - 1
  const initial = (server: number) => steps.length + server
  /** The latest step of a server up to step `n`, or the item of its first state. */
  const latest = (server: number, n: number): number => {
    const found = steps.findLastIndex((step, k) => k <= n && step.server === server)
    return found < 0 ? initial(server) : found
  }
  const stateOf = (item: number) => item > last ? servers[item - steps.length]!.state : steps[item]!.state
  const roleOf = (item: number) => item > last ? servers[item - steps.length]!.role : steps[item]!.role
  const serverOf = (item: number) => item > last ? item - steps.length : steps[item]!.server

  const titleOf = (item: number): string => {
    const { name } = servers[serverOf(item)]!
    return item > last ? `${name} before the first step` : `Step ${item + 1}: ${steps[item]!.label} at ${name}`
  }
  const factsOf = (item: number): ReadonlyArray<Fact> => {
    const state = ["state", stateOf(item)] as const
    if (item > last) return [state]
    const { changes, received, server } = steps[item]!
    return [
      ...(received === null ? [] : [
        ["received", received.text] as const,
        ["sent", received.sent === null ? "before the first step" : `in step ${received.sent + 1}`] as const
      ]),
      ["before", stateOf(latest(server, item - 1))],
      ["changes", changes === "" ? "nothing" : changes],
      ["after", stateOf(item)]
    ]
  }

  const items = [...servers.map((_, server) => initial(server)), ...steps.keys()]
  const bars = items.map((item): Bar => {
    const server = serverOf(item)
    const next = steps.findIndex((step, k) => step.server === server && (item > last || k > item))
    const to = next < 0 ? steps.length + 2 : next + 1
    return {
      item,
      lane: server,
      from: item > last ? 0 : item + 1,
      to,
      drawnTo: to,
      label: stateOf(item),
      look: roleOf(item),
      mark: "none"
    }
  })
  const points = steps.map(({ label, server }, n): Point => ({ item: n, lane: server, at: n + 1, label, mark: n === last ? "core" : "none" }))
  const arrows = steps.flatMap(({ received, sends, server }, n): ReadonlyArray<Arrow> => [
    ...(received === null ? [] : [{
      item: n,
      fromLane: received.source,
      from: (received.sent ?? -1) + 1,
      toLane: server,
      to: n + 1,
      label: received.text
    }]),
    ...sends.filter(({ received }) => !received).map(({ dest, text }) => ({
      item: n,
      fromLane: server,
      from: n + 1,
      toLane: dest,
      to: undefined,
      label: text
    }))
  ])
  const scene: Scene = {
    lanes: servers.map(({ name }) => ({ name, hint: name })),
    bars,
    points,
    arrows,
    bands: [],
    columns: steps.length + 1,
    times: new Float64Array(),
    axisName: "step",
    axis: (column) => column === 0 ? "before" : column <= steps.length ? String(column) : "",
    items,
    marked: [...steps.keys()],
    first: [[last < 0 ? initial(0) : last]],
    laneHeight: 76,
    columnWidth: 120,
    titleOf,
    factsOf
  }
  const sections = (selected: number | undefined): ReadonlyArray<Section> => {
    const shown = selected ?? (last < 0 ? initial(0) : last)
    const until = shown > last ? -1 : shown
    const sends = shown > last ? [] : steps[shown]!.sends
    return [
      { title: titleOf(shown), note: shown === last ? `The last step: ${sheet.reason}.` : "", facts: factsOf(shown), entries: [] },
      {
        title: until < 0 ? "Before the first step" : `After step ${until + 1}`,
        note: "",
        facts: [],
        entries: servers.map(({ name }, server) => {
          const item = latest(server, until)
          return { item, sign: name, text: stateOf(item), hint: item > last ? "" : `since step ${item + 1}` }
        })
      },
      ...(sends.length === 0 ? [] : [{
        title: "Sent",
        note: "",
        facts: [],
        entries: sends.map(({ received, text }) => ({ item: undefined, sign: received ? "→" : "⇢", text, hint: received ? "" : "received in no step here" }))
      }])
    ]
  }
  return { scene, focus: undefined, orders: 0, ordersWith: () => [], path: () => undefined, sections }
}
