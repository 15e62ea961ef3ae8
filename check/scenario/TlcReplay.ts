/**
 * Stories as TLC replays them: World.tla, held to one course step by step, with every property checked on the way. What the
 * TypeScript did must be what the specification does, or TLC gets stuck there.
 */
import { entriesOf } from "../raft/Log.ts"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { fileURLToPath } from "node:url"
import { toTla } from "../models/Encode.ts"
import { specDirectory } from "../models/load.ts"
import { bytesOf } from "../models/RaftModule.ts"
import { stateProperties, stepProperties } from "../raft/Properties.ts"
import { runTlc, TlcCrashed } from "../tlc/Tlc.ts"
import { parseValue } from "../tlc/Value.ts"
import { requested } from "../raft/Actions.ts"
import type { Course } from "./Scenario.ts"

/** Where TLC could not follow, or what doesn't hold. */
export interface Stuck {
  /** Position in the courses. */
  readonly course: number
  /** The step, from 1. */
  readonly step: number
  readonly reason: string
}

/** No story is longer. */
const most = 1_000_000

const stepsOf = ({ steps }: Course): string =>
  steps.map(({ after, before, label, message }) => {
    const values = label === "ClientRequestAction" ? requested(before, after) : []
    return toTla({ action: label, server: after.id, values, messages: message === undefined ? [] : [message], after })
  }).join(",\n    ")

const local = ["Timeout", "HeartbeatTimeout", "Apply", "Restart", "Snapshot", "LeaderContactLost", "CheckQuorum"]

/** The module and configuration of courses that have the same servers and settings, each of which starts from Init. */
const replayModule = (courses: ReadonlyArray<Course>) => {
  const { applyAlone, servers } = courses[0]!
  const values = courses.flatMap(({ steps }) => steps.flatMap(({ after }) => entriesOf(after.log).map(({ value }) => value)))
  return {
    tla: `---- MODULE Replay ----
EXTENDS Properties, TLC

RBytes == ${bytesOf(values)}
RSettings == ${toTla(servers[0]!.settings)}
RRoot ==
  [servers |-> [${servers.map((s) => `${s.id} |-> ${toTla(s)}`).join(", ")}],
   messages |-> {},
   left |-> [requests |-> ${most}, heartbeats |-> ${most}, restarts |-> ${most}, snapshots |-> ${most}],
   ghost |-> [committed |-> <<>>, leaders |-> {}]]

Courses == <<
${courses.map((course) => `  <<${stepsOf(course)}>>`).join(",\n")}
>>

VARIABLES course, at

\\* The step e of a story.
StoryStep(e) ==
${local.map((name) => `  \\/ e.action = "${name}Action" /\\ ${name}Action(e.server)`).join("\n")}
  \\/ /\\ e.action = "ClientRequestAction"
     /\\ Take(e.server, ClientRequest(servers[e.server], e.values))
     /\\ left' = [left EXCEPT !.requests = @ - 1]
  \\/ /\\ \\E m \\in e.messages : m \\in messages /\\ m.dest = e.server /\\ Take(e.server, Handle(servers[e.server], m))
     /\\ UNCHANGED left

RInit == Init /\\ course \\in DOMAIN Courses /\\ at = 0

RNext ==
  /\\ at < Len(Courses[course])
  /\\ LET e == Courses[course][at + 1]
     IN StoryStep(e) /\\ servers'[e.server] = e.after
  /\\ at' = at + 1
  /\\ PrintT(<<course, at'>>)
  /\\ UNCHANGED course

RSpec == RInit /\\ [][RNext]_<<vars, course, at>>
====
`,
    cfg: `SPECIFICATION RSpec
CONSTANTS
  Nil = Nil
  Server = {${servers.map((s) => JSON.stringify(s.id)).join(", ")}}
  Value = {${toTla("")}}
  Together = 1
  MaxTerm = ${most}
  ApplyAlone = ${toTla(applyAlone)}
  Prune = FALSE
  Bytes <- RBytes
  Settings <- RSettings
  Root <- RRoot
INVARIANTS
  ${stateProperties.map((p) => p.name).join("\n  ")}
PROPERTIES
  ${stepProperties.map((p) => p.name).join("\n  ")}
  RefinesReplicatedLog
CHECK_DEADLOCK FALSE
`
  }
}

/** Courses that have the same servers, settings and grain, with their positions. */
const alike = (courses: ReadonlyArray<Course>) =>
  Map.groupBy(
    courses.map((course, position) => ({ course, position })),
    ({ course: { applyAlone, servers } }) => JSON.stringify([applyAlone, servers])
  ).values()

/**
 * Lets TLC follow the courses by the specification in `library`, and says where it can't. `jar`: TLC's (`findJar`). Fails
 * with `TlcCrashed`, and with whatever `runTlc` fails.
 */
export const replayInTlc = Effect.fnUntraced(function*(
  courses: ReadonlyArray<Course>,
  jar: string,
  library: string = fileURLToPath(specDirectory)
) {
  const files = yield* FileSystem.FileSystem
  const stuck: Array<Stuck> = []
  yield* Effect.forEach(alike(courses), (group) => Effect.gen(function*() {
    const { cfg, tla } = replayModule(group.map(({ course }) => course))
    const result = yield* Effect.gen(function*() {
      const dir = yield* files.makeTempDirectoryScoped({ prefix: "lockstep-replay-" })
      yield* files.writeFileString(`${dir}/Replay.tla`, tla)
      yield* files.writeFileString(`${dir}/Replay.cfg`, cfg)
      return yield* runTlc({ jar, dir, module: "Replay", library, workers: 1 })
    }).pipe(
      Effect.scoped,
      Effect.catchTag("PlatformError", ({ message }) => new TlcCrashed({ message: `TLC's modules: ${message}` }))
    )
    const reached = new Map<number, number>()
    for (const line of result.printed) {
      const [course, at] = parseValue(line) as unknown as readonly [number, number]
      reached.set(course, Math.max(at, reached.get(course) ?? 0))
    }
    if (result.outcome !== "ok") {
      const reason = result.violated ?? result.message ?? result.outcome
      const last = result.counterexample?.states.at(-1)?.variables
      if (last === undefined) return yield* new TlcCrashed({ message: `TLC: ${reason}` })
      // It ends the search, so it says nothing of the other courses. What can't be evaluated is the step after the last.
      const step = Number(last["at"]) + (result.outcome === "error" ? 1 : 0)
      stuck.push({ course: group[Number(last["course"]) - 1]!.position, step, reason })
      return
    }
    group.forEach(({ course, position }, n) => {
      const done = reached.get(n + 1) ?? 0
      const step = course.steps[done]
      if (step === undefined) return
      const reason = `${step.label} of ${step.after.id} isn't a step of the specification`
      stuck.push({ course: position, step: done + 1, reason })
    })
  }), { concurrency: 2, discard: true })
  return stuck.toSorted((a, b) => a.course - b.course)
})
