/** What two worlds differ in, for people: in the notation of scenarios (check/render/Notation.ts). */
import { canonical } from "../explorer/Intern.ts"
import { contents, progressLines, stateLine } from "../render/Notation.ts"
import type { Server } from "../../src/raft/Server.ts"
import type { RaftWorld } from "./RaftModel.ts"

const serverLines = (s: Server): ReadonlyArray<string> => [stateLine(s), ...(s.role === "leader" ? progressLines(s) : [])]

/** Everything in a world but its servers. */
const otherLines = ({ ghost, left, messages }: RaftWorld): ReadonlyArray<string> => [
  ...messages.map((m) => `${m.type} ${m.source}->${m.dest}: ${contents(m)}`).sort(),
  ...Object.entries(left).map(([budget, n]) => `${budget} left: ${n}`),
  ...ghost.committed.map(({ entry, term }, n) => `committed ${n + 1}: [${entry.term}${entry.value}] in t${term}`),
  ...ghost.leaders.map(({ leader, term }) => `led t${term}: ${leader}`)
]

const onlyIn = (a: ReadonlyArray<string>, b: ReadonlyArray<string>, mark: string): ReadonlyArray<string> =>
  a.filter((line) => !b.includes(line)).map((line) => `${mark} ${line}`)

/** Fields that the notation leaves out, by name. */
const fieldLines = (s: Server, other: Server, mark: string): ReadonlyArray<string> =>
  (Object.keys(s) as Array<keyof Server>)
    .filter((name) => name !== "settings" && canonical(s[name]) !== canonical(other[name]))
    .map((name) => `${mark} ${s.id} ${name} ${JSON.stringify(s[name])}`)

/** One line for whatever only one of them has: `-` TLC's, `+` TypeScript's; the servers first. */
export const differingLines = (tlc: RaftWorld, typescript: RaftWorld): ReadonlyArray<string> => [
  ...tlc.actors.flatMap((s, n) => {
    const other = typescript.actors[n]!
    const [ours, theirs] = [serverLines(other), serverLines(s)]
    const lines = [...onlyIn(theirs, ours, "-"), ...onlyIn(ours, theirs, "+")]
    return lines.length > 0 ? lines : [...fieldLines(s, other, "-"), ...fieldLines(other, s, "+")]
  }),
  ...onlyIn(otherLines(tlc), otherLines(typescript), "-"),
  ...onlyIn(otherLines(typescript), otherLines(tlc), "+")
]

/** Everything in a world, a line each. */
export const worldLines = (world: RaftWorld): ReadonlyArray<string> => [...world.actors.flatMap(serverLines), ...otherLines(world)]
