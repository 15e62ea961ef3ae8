/** A schedule, carried out. */
import type { Taken } from "../cluster/Cluster.ts"
import type { Act } from "./Act.ts"
import { Chooser } from "./Chooser.ts"
import { Planner } from "./Plan.ts"
import type { Planned } from "./Plan.ts"
import { Run } from "./Run.ts"
import type { Parts } from "./Run.ts"
import type { Schedule } from "./Schedule.ts"

/** Who looks on. */
export interface Onlooker {
  /** Hears of each act before it is tried; what it returns hears whether it happened. */
  readonly act?: (run: Run, act: Act) => (happened: boolean) => void
  readonly step?: (taken: Taken) => void
}

/** What the schedule's run tries, act by act. */
function* actsOf(run: Run, schedule: Schedule): Generator<Act> {
  if (schedule.acts === undefined) {
    const chooser = new Chooser(run, schedule)
    for (const decision of schedule.decisions) {
      const act = chooser.choose(decision)
      if (act !== undefined) yield act
    }
  } else {
    const planner = new Planner(run.cluster)
    for (const planned of schedule.acts) {
      const act = planner.find(planned)
      if (act !== undefined) yield act
    }
  }
}

/** One run of the schedule, to its end or to the first violation. */
export const runSchedule = (schedule: Schedule, parts: Parts, onlooker: Onlooker = {}): Run => {
  const run = new Run(schedule, parts, onlooker.step)
  for (const act of actsOf(run, schedule)) {
    const after = onlooker.act?.(run, act)
    const happened = run.do(act)
    after?.(happened)
    if (run.violation !== undefined) return run
  }
  run.finish()
  return run
}

/** What happens in the schedule's run, in a form that can be shortened. */
export const planOf = (schedule: Schedule, parts: Parts): ReadonlyArray<Planned> => {
  const acts: Array<Planned> = []
  let planner: Planner | undefined
  runSchedule(schedule, parts, {
    act: (run, act) => {
      const planned = (planner ??= new Planner(run.cluster)).plan(act)
      return (happened) => {
        if (happened) acts.push(planned)
      }
    }
  })
  return acts
}
