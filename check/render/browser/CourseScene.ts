// What happened in the course of time as a scene: columns are moments, all equally far apart, and an item is a bar.
import type { CourseSheet, Picture } from "../Picture.ts"
import type { Drawing, Fact, Scene } from "./Scene.ts"

/** Milliseconds from one column to the next. */
const tick = 100

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

export const courseDrawing = ({ annotations }: Picture, { bars, duration, lanes, reason }: CourseSheet): Drawing => {
  const columnAt = (ms: number) => Math.round(ms / tick)
  const columns = columnAt(duration) + 1
  const titleOf = (item: number) => `${lanes[bars[item]!.lane]!.name}: ${bars[item]!.label}`
  const factsOf = (item: number): ReadonlyArray<Fact> => {
    const { facts, from, to } = bars[item]!
    return [["from", seconds(from)], ["to", seconds(to)], ...facts]
  }
  const items = [...bars.keys()].sort((a, b) => bars[a]!.from - bars[b]!.from)
  const scene: Scene = {
    lanes,
    bars: bars.map(({ from, label, lane, look, to }, item) => {
      const last = Math.max(columnAt(from) + 1, columnAt(to))
      return { item, lane, from: columnAt(from), to: last, drawnTo: last, label, look, mark: "none" }
    }),
    points: [],
    arrows: [],
    // Annotations are on the clock of histories: microseconds.
    bands: annotations.map(({ from, group, to }) => ({
      group,
      label: "",
      from: columnAt(from / 1000),
      to: to === null ? columns : columnAt(to / 1000)
    })),
    columns,
    times: new Float64Array(),
    axisName: "time",
    axis: (column) => column < columns ? seconds(column * tick) : "",
    items,
    marked: items.filter((item) => bars[item]!.lane === 0),
    first: [items],
    laneHeight: 44,
    columnWidth: 8,
    titleOf,
    factsOf
  }
  return {
    scene,
    focus: undefined,
    orders: 0,
    ordersWith: () => [],
    path: () => undefined,
    sections: (selected) => [
      selected === undefined
        ? { title: "In the course of time", note: reason, facts: [], entries: [] }
        : { title: titleOf(selected), note: "", facts: factsOf(selected), entries: [] },
      {
        title: lanes[0]!.name,
        note: "",
        facts: [],
        entries: scene.marked.map((item) => ({
          item,
          sign: seconds(bars[item]!.from),
          text: bars[item]!.label,
          hint: bars[item]!.facts.map(([, text]) => text).join("; ")
        }))
      }
    ]
  }
}
