/** README.md of this folder: what is asked for, and who answers. `node check/labs/table.ts` writes it. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { sections } from "./list.ts"
import type { Answer, Section } from "./list.ts"
import { labs } from "./run.ts"

const check = fileURLToPath(new URL("../", import.meta.url))
export const file = fileURLToPath(new URL("README.md", import.meta.url))

/** The ids that a title begins with. */
export const idsOf = (title: string): ReadonlyArray<string> =>
  /^((?:[A-Z]+1?-\d+ )*[A-Z]+1?-\d+)[: ]/.exec(title)?.[1]!.split(" ") ?? []

/** By id: where the tests are whose titles begin with it. */
export const testsById = (): ReadonlyMap<string, ReadonlyArray<string>> => {
  const found = new Map<string, Array<string>>()
  const add = (title: string, where: string) => {
    for (const id of idsOf(title)) {
      const places = found.get(id) ?? []
      if (!places.includes(where)) found.set(id, [...places, where])
    }
  }
  for (const { id, title } of labs) add(`${id} ${title}`, `\`lockstep labs --only ${id}\``)
  for (const name of readdirSync(check, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".test.ts"))) {
    const text = readFileSync(check + name, "utf8")
    for (const [, title] of text.matchAll(/\b(?:test|describe)\(\s*["`](.*?)["`],/g)) add(title!, name.replaceAll("\\", "/"))
  }
  return found
}

const storiesOf = (answer: Answer | undefined): ReadonlyArray<string> =>
  answer !== undefined && "story" in answer ? answer.story.split(", ") : []

const answered = (answer: Answer | undefined): ReadonlyArray<string> => {
  if (answer === undefined) return []
  if ("story" in answer) return storiesOf(answer).map((name) => `story ${name}`)
  return ["always" in answer ? `always: ${answer.always}` : `not: ${answer.not}`]
}

/** What is wrong with the list, a line each. */
export const faults = (
  all: ReadonlyArray<Section> = sections,
  tests: ReadonlyMap<string, ReadonlyArray<string>> = testsById()
): ReadonlyArray<string> => {
  const rows = all.flatMap((section) => section.rows)
  const ids = rows.map(([id]) => id)
  return [
    ...ids.filter((id, n) => ids.indexOf(id) !== n).map((id) => `${id} is there twice`),
    ...rows.flatMap(([id, , answer]) => {
      if (answer === undefined && !tests.has(id)) return [`${id} has neither test nor reason`]
      if (answer !== undefined && "not" in answer && tests.has(id)) return [`${id} has a test, and a reason why not`]
      return storiesOf(answer).filter((name) => !existsSync(`${check}scenarios/${name}.txt`)).map((name) => `${id}: there is no story ${name}`)
    }),
    ...[...tests.keys()].filter((id) => /^(N|R[A-D]|K[SAB]|KV1|LK|SM|HR|W|PF|P|D|E|RP|J)-/.test(id) && !ids.includes(id))
      .map((id) => `${id} is tested, but not in the list`)
  ]
}

/** The page as it must be. */
export const page = (): string => {
  const tests = testsById()
  const lines = sections.flatMap(({ rows, title }) => [
    `## ${title}`,
    "",
    "| id | what | where |",
    "|---|---|---|",
    ...rows.map(([id, what, answer]) => `| ${id} | ${what} | ${[...tests.get(id) ?? [], ...answered(answer)].join("; ")} |`),
    ""
  ])
  return `${introduction}\n${lines.join("\n")}`
}

const introduction = `# Labs, papers and other implementations

What is asked of Raft and of a service on it by the labs of MIT 6.5840 (once 6.824) and their handouts, the students' guide,
the paper, Ongaro's dissertation, the tests of etcd/raft and Jepsen, in a numbering of our own. \`lockstep labs\` runs the
scenarios on virtual time: those of Raft on the rules alone, in a simulated network with simulated timers and disks
(check/simulator); those with clients on real replicas and clerks (check/runtime), and what the clients saw must be
linearizable, beyond doubt. Every property is checked after every step. \`--seed\` gives the same run again, \`--runs\` more of
them. This page is made by \`node check/labs/table.ts\`; a test fails when something on it has neither test nor reason.

![Figure 16](figure-16.svg)

A leader of five servers crashes, and the timeouts of the others are chosen at random between 150 ms and the time that a
curve is labelled with: how many of the elections are over after which time (Figure 16 of the paper, P-16).
`

if (import.meta.main) writeFileSync(file, page())
