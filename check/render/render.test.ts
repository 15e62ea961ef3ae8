import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { runScenario } from "../scenario/Scenario.ts"
import { storyDrawing } from "./browser/StoryScene.ts"
import { contents, stateLine } from "./Notation.ts"
import type { StorySheet } from "./Picture.ts"
import { spaceTime } from "./SpaceTime.ts"
import { changeWords, maxWidth, sendersOf, stateWords, wrap } from "./Story.ts"
import type { Story } from "./Story.ts"
import { storyPicture } from "./StoryPicture.ts"
import { storyTable } from "./Table.ts"

const storyOf = (text: string, title: string): Story => {
  const { servers, steps } = runScenario(text, title)
  return { title, servers, steps }
}

const stories = new URL("../scenarios/", import.meta.url)
const told = readdirSync(stories).filter((name) => name.endsWith(".txt"))
  .map((name) => storyOf(readFileSync(new URL(name, stories), "utf8"), name))

/** s1's entry is overwritten by s3's; the first vote arrives twice. */
const overwritten = storyOf(
  `servers 3
timeout s1
deliver RequestVoteRequest s1->s2
deliver RequestVoteRequest s1->s2
deliver RequestVoteResponse s2->s1
propose s1 x
restart s2
timeout s3
elect s3 by s2
deliver AppendEntriesRequest s3->s1
`,
  "an entry is overwritten"
)

describe("A story as a table", () => {
  test("has a row a step, with what changed in the acting server's column", () => {
    expect(storyTable(overwritten)).toBe(`an entry is overwritten

step action                | s1                     | s2                     | s3
------------------------------------------------------------------------------------------------------
     (before)              | F t0 c0 []             | F t0 c0 []             | F t0 c0 []
   1 Timeout               | C t1 votes=s1          |                        |
   2 RequestVoteRequest    |                        | t1 v=s1                |
     s1->s2                |                        |                        |
   3 RequestVoteRequest    |                        | (sends)                |
     s1->s2                |                        |                        |
   4 RequestVoteResponse   | L +[1]                 |                        |
     s2->s1                |                        |                        |
   5 ClientRequest x       | +[1x]                  |                        |
   6 Restart               |                        | (same)                 |
   7 Timeout               |                        |                        | C t1 votes=s3
   8 Timeout               |                        |                        | t2
   9 RequestVoteRequest    |                        | t2 v=s3                |
     s3->s2                |                        |                        |
  10 RequestVoteResponse   |                        |                        | L +[2]
     s2->s3                |                        |                        |
  11 AppendEntriesRequest  | F t2 v=- -[1][1x] +[2] |                        |
     s3->s1                |                        |                        |
     (after)               | F t2 c0 [2]            | F t2 c0 v=s3 []        | L t2 c0 [2]
`)
  })
})

/** s3 has entries of its own when the snapshot arrives, in two chunks. */
const installed = storyOf(
  `servers 3
elect s3 by s2
propose s3 p
propose s3 q
timeout s1
elect s1 by s2
propose s1 x
heartbeat s1
replicate s1 to s2
snapshot s1
propose s1 y
heartbeat s1
deliver InstallSnapshotRequest s1->s3
deliver InstallSnapshotResponse s3->s1
deliver InstallSnapshotRequest s1->s3
deliver InstallSnapshotResponse s3->s1
restart s3
`,
  "a snapshot is installed"
)

test("What a snapshot replaces, and what has arrived of one, is said where it changes", () => {
  expect(installed.steps.slice(-8).map(({ after, before }) => [after.id, ...changeWords(before, after)].join(" "))).toEqual([
    "s1 {2/t2}",
    "s1 +[2y] next[s2]=4",
    "s1",
    "s3 F t2 v=- part={2}:1",
    "s1 offset[s3]=1",
    // What was in the log below the snapshot's end is in the snapshot, or was never committed.
    "s3 c2 part=- {2/t2} -[1q]",
    "s1 next[s3]=4 match[s3]=2 offset[s3]=0",
    "s3"
  ])
  const [s3, s1] = [installed.steps[18]!.before, installed.steps[17]!.after]
  expect(stateWords(s3).join(" ")).toBe("F t2 c0 part={2}:1 [1][1p][1q]")
  expect(stateWords(s1).join(" ")).toBe("L t2 c2 {2/t2}[2y]")
  expect(stateLine(s3)).toBe("s3 F t2 c0 a0 [1][1p][1q] part={2}:1")
})

test("A snapshot's chunks have arrows like any message", () => {
  expect(spaceTime(installed).split("\n").slice(-16).join("\n")).toBe(
    ` 14  * Snapshot                    |                             |
     | {2/t2}                      |                             |
 15  * ClientRequest y             |                             |
     | +[2y] next[s2]=4            |                             |
 16  * HeartbeatTimeout            |                             |
 17  |------------------------Install(16)----------------------->*
     |                             |                             | F t2 v=- part={2}:1
 18  *<----------------------Received(17)------------------------|
     | offset[s3]=1                |                             |
 19  |------------------------Install(18)----------------------->*
     |                             |                             | c2 part=- {2/t2} -[1q]
 20  *<----------------------Received(19)------------------------|
     | next[s3]=4 match[s3]=2      |                             |
     | offset[s3]=0                |                             |
 21  |                             |                             * Restart
`)
})

test("An entry that is applied later than it commits is said to be", () => {
  const { steps } = storyOf("servers 1\napply-alone\ntimeout s1\npropose s1 x\napply s1\napply s1\n", "applied")
  expect(steps.slice(-2).map(({ after, before }) => changeWords(before, after))).toEqual([["a1"], ["a2"]])
})

describe("A message in words:", () => {
  const envelope = { source: "s1", dest: "s2", term: 4 }
  const request = { type: "InstallSnapshotRequest", ...envelope, lastIncludedIndex: 7, lastIncludedTerm: 3, members: ["s1", "s2"] } as const
  const response = { type: "InstallSnapshotResponse", ...envelope, lastIncludedIndex: 7 } as const
  test.each([
    ["the first chunk of a snapshot", { ...request, offset: 0, data: ["a", "b"], done: false }, "t4 {7/t3} pieces 0-2"],
    ["the last one", { ...request, offset: 2, data: ["c"], done: true }, "t4 {7/t3} pieces 2-3 done"],
    ["what has arrived of it", { ...response, offset: 2, done: false }, "t4 {7} has 2 pieces"],
    ["that it has arrived", { ...response, offset: 0, done: true }, "t4 {7} done"],
    ["that its term is over", { ...response, lastIncludedIndex: 0, offset: 0, done: false }, "t4 refused"]
  ] as const)("%s", (_, message, words) => expect(contents(message)).toBe(words))
})

test("Who hears a leader, and whom a leader has heard, is said where it changes", () => {
  const { steps } = storyOf(
    `servers 3
pre-vote
check-quorum
elect s1 by s2
replicate s1 to s2
check-quorum s1
contact-lost s2
timeout s2
check-quorum s1
`,
    "contact"
  )
  expect(steps.slice(-6).map(({ after, before }) => [after.id, ...changeWords(before, after)].join(" "))).toEqual([
    "s2 hears +[1]",
    "s1 c1 active=s2 next[s2]=2 match[s2]=1",
    "s1 active=-",
    "s2 hears=-",
    "s2 P votes=s2",
    "s1 F"
  ])
})

describe("A story as a space-time diagram", () => {
  test("has an arrow a message, from its sender's column to that of the server that acts on it", () => {
    expect(spaceTime(overwritten)).toBe(`an entry is overwritten

     s1                            s2                            s3
     | F t0 c0 []                  | F t0 c0 []                  | F t0 c0 []
  1  * Timeout                     |                             |
     | C t1 votes=s1               |                             |
  2  |-------RequestVote(1)------->*                             |
     |                             | t1 v=s1                     |
  3  |-------RequestVote(1)------->*                             |
  4  *<----------Vote(3)-----------|                             |
     | L +[1]                      |                             |
  5  * ClientRequest x             |                             |
     | +[1x]                       |                             |
  6  |                             * Restart                     |
  7  |                             |                             * Timeout
     |                             |                             | C t1 votes=s3
  8  |                             |                             * Timeout
     |                             |                             | t2
  9  |                             *<------RequestVote(8)--------|
     |                             | t2 v=s3                     |
 10  |                             |-----------Vote(9)---------->*
     |                             |                             | L +[2]
 11  *<-----------------------Append(10)-------------------------|
     | F t2 v=- -[1][1x] +[2]      |                             |
`)
  })
})

test("A story as a scene: an arrow a message, from the step that sent it; one that nobody receives ends nowhere", () => {
  const sheet = storyPicture("t", "", [{ story: overwritten }]).sheets[0] as StorySheet
  const { arrows, bars, points } = storyDrawing(sheet).scene
  const received = arrows.filter(({ to }) => to !== undefined)
  expect(received.map(({ from, fromLane, to, toLane }) => [fromLane, from, toLane, to])).toEqual([
    [0, 1, 1, 2],
    [0, 1, 1, 3],
    [1, 3, 0, 4],
    [2, 8, 1, 9],
    [1, 9, 2, 10],
    [2, 10, 0, 11]
  ])
  const sent = overwritten.steps.reduce((sum, { sends }) => sum + sends.length, 0)
  // The repeated RequestVote of step 3 is one message that arrives twice, and so is the vote.
  expect(arrows.length - received.length).toBe(sent - new Set(received.map(({ from, fromLane, toLane }) => `${fromLane} ${from} ${toLane}`)).size)
  expect(points.map(({ at }) => at)).toEqual(overwritten.steps.map((_, n) => n + 1))
  expect(bars.filter(({ lane }) => lane === 2).map(({ from, label, look, to }) => [from, to, look, label])).toEqual([
    [0, 7, "follower", "F t0 c0 []"],
    [7, 8, "candidate", "C t1 c0 votes=s3 []"],
    [8, 10, "candidate", "C t2 c0 votes=s3 []"],
    [10, 13, "leader", "L t2 c0 [2]"]
  ])
})

describe("Every story of check/scenarios", () => {
  test.each(told)("$title fits into a terminal, with every step", (story) => {
    for (const text of [storyTable(story), spaceTime(story)]) {
      const lines = text.split("\n")
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(maxWidth)
      const numbers = lines.flatMap((line) => /^ *(\d+) /.exec(line)?.[1] ?? []).map(Number)
      expect(numbers).toEqual(story.steps.map((_, n) => n + 1))
    }
  })

  test.each(told)("$title tells in which step each message was sent", (story) => {
    story.steps.forEach(({ message }, n) => {
      const sender = sendersOf(story)[n]
      if (message === undefined) expect(sender).toBeUndefined()
      else {
        expect(sender).toBeLessThan(n)
        expect(story.steps[sender!]!.before.id).toBe(message.source)
      }
    })
  })
})

test("A step that changes a server says so in words, and only then", () => {
  for (const { steps } of told) {
    for (const { after, before } of steps) {
      const { votedFor: vote, ...rest } = after
      // Who leads or campaigns has voted for itself: that goes without saying.
      const same = JSON.stringify(rest) === JSON.stringify({ ...before, votedFor: undefined })
        && (vote === before.votedFor || after.role !== "follower")
      expect(changeWords(before, after).length === 0).toBe(same)
    }
  }
})

test("Words are packed into lines; what is too long is broken after a box or a comma", () => {
  expect(wrap(["L", "t2", "[1][1x][2]"], 7)).toEqual(["L t2", "[1][1x]", "[2]"])
  expect(wrap(["votes=s1,s2,s3"], 12)).toEqual(["votes=s1,s2,", "s3"])
  expect(wrap(["abcdefgh"], 3)).toEqual(["abc", "def", "gh"])
  expect(wrap([], 3)).toEqual([])
})
