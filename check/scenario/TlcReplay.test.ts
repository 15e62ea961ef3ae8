import { NodeServices } from "@effect/platform-node"
import { Effect, Result } from "effect"
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { findJava } from "../tlc/Jar.ts"
import { specDirectory } from "../models/load.ts"
import { projectJar } from "../models/TlcModel.ts"
import { entryAt, lastIndex } from "../../src/raft/Server.ts"
import { runScenario } from "./Scenario.ts"
import type { Course } from "./Scenario.ts"
import { replayInTlc } from "./TlcReplay.ts"

const run = <A, E>(effect: Effect.Effect<A, E, NodeServices.NodeServices>) =>
  Effect.runPromise(Effect.provide(effect, NodeServices.layer))
const java = Result.isSuccess(await run(Effect.result(findJava())))

const replay = (courses: ReadonlyArray<Course>, library?: string) =>
  run(Effect.flatMap(projectJar, (jar) => replayInTlc(courses, jar, library)))

const told = (file: string) => {
  const path = new URL(`../scenarios/${file}`, import.meta.url)
  return runScenario(readFileSync(path, "utf8"), file)
}

/** The course with one of its steps changed. */
const altered = (course: Course, step: number, change: (s: Course["steps"][number]) => Course["steps"][number]): Course => ({
  ...course,
  steps: course.steps.map((s, n) => n === step - 1 ? change(s) : s)
})

test.skipIf(!java)("TLC follows a story step by step, on every course that it takes", async () => {
  const { courses } = told("stale-snapshot-and-truncation.txt")
  expect(courses.length).toBe(3)
  expect(await replay(courses)).toEqual([])
}, 60_000)

test.skipIf(!java)("TLC gets stuck where a story says something else than the specification", async () => {
  const [course] = told("leader-completeness-by-commit-term.txt").courses
  const wrong = altered(course!, 9, (s) => ({ ...s, after: { ...s.after, currentTerm: s.after.currentTerm + 1 } }))
  const short = altered(course!, 12, (s) => ({ ...s, label: "ApplyAction", message: undefined }))
  expect((await replay([course!, wrong, short])).map(({ course, step }) => [course, step])).toEqual([[1, 9], [2, 12]])
}, 60_000)

test.skipIf(!java)("what is violated is said of the story in which it is, and of no other", async () => {
  const library = mkdtempSync(join(tmpdir(), "lockstep-replay-test-"))
  try {
    cpSync(fileURLToPath(specDirectory), library, { recursive: true })
    const file = join(library, "Properties.tla")
    const text = readFileSync(file, "utf8")
    const false_ = text.replace(/^ElectionSafety ==\n/m, 'ElectionSafety ==\n  servers["s3"].role # "candidate" /\\\n')
    expect(false_).not.toBe(text)
    writeFileSync(file, false_)
    // In the first s3 is a follower all the time; the second begins with its campaign.
    const [other] = told("append-inside-the-snapshot.txt").courses
    const [course] = told("install-over-a-conflict.txt").courses
    expect(await replay([other!, course!], library)).toEqual([{ course: 1, step: 1, reason: "ElectionSafety" }])
  } finally {
    rmSync(library, { recursive: true })
  }
}, 60_000)

test("Leader Completeness with the term in which an entry was written is false on the way, and Raft is right", () => {
  const { courses: [course] } = told("leader-completeness-by-commit-term.txt")
  const servers = new Map(course!.servers.map((s) => [s.id, s]))
  let false_ = 0
  for (const { after } of course!.steps) {
    servers.set(after.id, after)
    const all = [...servers.values()]
    for (const s of all) {
      for (let k = 1; k <= s.commitIndex; k++) {
        const { term } = entryAt(s.log, k)
        const lacks = (l: typeof s) => k > lastIndex(l.log) || entryAt(l.log, k).term !== term
        if (all.some((l) => l.role === "leader" && l.currentTerm > term && lacks(l))) false_++
      }
    }
  }
  expect(false_).toBeGreaterThan(0)
})

test("the index that re-appears: s3's log holds w, then y, then w at index 3", () => {
  const { courses: [course] } = told("reappearing-index.txt")
  const seen: Array<string> = []
  for (const { after } of course!.steps) {
    if (after.id !== "s3" || lastIndex(after.log) < 3) continue
    const { value } = entryAt(after.log, 3)
    if (seen.at(-1) !== value) seen.push(value)
  }
  expect(seen).toEqual(["w", "y", "w"])
})
