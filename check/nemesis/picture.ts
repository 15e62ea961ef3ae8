/**
 * A run as a page: first its course, with faults, servers and what clients got out of them; then, object by object, what
 * the clients saw, with the faults over it.
 */
import { kv } from "../linearizability/models/kv.ts"
import type { History } from "../linearizability/History.ts"
import { historyPicture } from "../render/HistoryPicture.ts"
import type { CourseBar, CourseSheet, Picture } from "../render/Picture.ts"
import type { NemesisRun } from "./Nemesis.ts"
import { quantile } from "./Report.ts"
import type { Report } from "./Report.ts"
import type { Sighting } from "./Watch.ts"

export const nemesisPicture = (run: NemesisRun, { failovers }: Report): Picture => {
  const { history, linearizable, seed, struck } = run
  const annotations = struck.map(({ from, kind, label, name, to }) => ({
    group: kind,
    label: `${name} ${label}`,
    from: Math.round(1000 * from),
    to: Math.round(1000 * to)
  }))
  const title = `nemesis, seed ${seed}: ${struck.length} faults, ${failovers} failovers`
  const picture = historyPicture(history, kv, linearizable, { title, annotations })
  return { ...picture, sheets: [courseOf(run), ...picture.sheets] }
}

/** Milliseconds that one figure stands for, at least; and how many figures there are at most. */
const shortestWindow = 1_000
const mostWindows = 60

const courseOf = ({ duration, history, servers, sightings, started, struck }: NemesisRun): CourseSheet => {
  const end = started + duration
  const faults = struck.map(({ bit, evidence, from, kind, label, name, recovered, to }): CourseBar => ({
    lane: 0,
    from,
    to,
    label: `${name} ${label}`,
    look: kind,
    facts: [
      [bit ? "felt" : "NOT FELT", evidence],
      ["well again", recovered === null ? "never" : `${((recovered - to) / 1000).toFixed(1)} s later`]
    ]
  }))
  return {
    kind: "course",
    name: "the run",
    reason: "Faults, what each server did, and what the clients got.",
    duration: end,
    lanes: [
      { name: "faults", hint: "what befell the cluster" },
      ...servers.map((name) => ({ name, hint: `${name}: its role and term, as it said` })),
      { name: "answered", hint: "operations answered in a second" },
      { name: "median", hint: "milliseconds from call to answer" }
    ],
    bars: [
      ...faults,
      ...servers.flatMap((id, n) => rolesOf(sightings.filter(({ server }) => server === id), n + 1, end)),
      ...figuresOf(history, servers.length + 1, started, end)
    ]
  }
}

const rolesOf = (sightings: ReadonlyArray<Sighting>, lane: number, end: number): ReadonlyArray<CourseBar> =>
  sightings.map(({ role, term, time }, n) => ({
    lane,
    from: time,
    to: sightings[n + 1]?.time ?? end,
    label: role === "down" || role === "silent" || role === "stopped" ? role : `${role} ${term}`,
    look: role,
    facts: [["term", String(term)]]
  }))

/** How often it was answered and how fast, window by window, on two lanes. */
const figuresOf = (history: History, lane: number, start: number, end: number): ReadonlyArray<CourseBar> => {
  const window = Math.max(shortestWindow, Math.ceil((end - start) / mostWindows))
  const windows = Array.from({ length: Math.ceil((end - start) / window) }, () => [] as Array<number>)
  for (let i = 0; i < history.length; i++) {
    const { call, return: returned } = history.operation(i)
    if (returned !== null) windows[Math.floor((returned / 1000 - start) / window)]?.push((returned - call) / 1000)
  }
  return windows.flatMap((times, n): ReadonlyArray<CourseBar> => {
    const [from, to] = [start + n * window, Math.min(end, start + (n + 1) * window)]
    const median = quantile(times, 0.5)
    const look = times.length === 0 ? "none" : median > 100 ? "slow" : "answered"
    const facts = [["answered", String(times.length)], ["99 % within", `${quantile(times, 0.99).toFixed(0)} ms`]] as const
    return [
      { lane, from, to, label: String(Math.round(times.length * 1000 / window)), look, facts },
      { lane: lane + 1, from, to, label: times.length === 0 ? "" : median.toFixed(0), look, facts }
    ]
  })
}
