import { lastIndex } from "../../src/raft/Server.ts"
import { Result } from "effect"
import fc from "fast-check"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import type { Line } from "./Format.ts"
import { randomRun } from "./randomRun.ts"
import { readTrace } from "./TraceReader.ts"
import { samples, story } from "./samples.ts"
import { traceText } from "./TraceWriter.ts"

const read = (text: string) => {
  const result = readTrace(text, "t.ndjson")
  return Result.isSuccess(result) ? result.success : result.failure.message
}

describe("what is written is read", () => {
  test("a random run comes back step by step, with whole states before and after", () => {
    fc.assert(fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.record({
        maxBatchBytes: fc.constant(20),
        maxInflight: fc.constant(3),
        maxUncommittedBytes: fc.constant(100),
        chunkSize: fc.constant(1),
        preVote: fc.boolean(),
        checkQuorum: fc.boolean()
      }),
      fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 400, size: "max" }),
      (count, settings, choices) => {
        const { header, lines, taken } = randomRun(count, settings, choices)
        fc.pre(lines.length > 0)
        const trace = read(traceText(header, lines))
        if (typeof trace === "string") throw new Error(trace)
        expect(trace.header).toEqual(header)
        expect(trace.steps.length).toBe(taken.length)
        for (const [n, { action, node, after, before, consumed, line, resetElectionTimer, sends }] of trace.steps.entries()) {
          const { step, ...one } = taken[n]!
          expect({ line, node, action, after, sends, resetElectionTimer })
            .toEqual({ line: n + 2, node: one.server, action: one.action, after: step.server, ...rest(step) })
          if (action !== "RestartAction") expect(before).toEqual(one.before)
          expect(consumed === undefined).toBe(one.consumed === undefined)
          if (consumed !== undefined) expect(consumed.sender.sends[consumed.position - 1]).toEqual(consumed.message)
        }
      }
    ), { numRuns: 60 })
  })

  test("the samples in traces/ are what their scripts write", () => {
    for (const [name, text] of samples) {
      expect(readFileSync(join(import.meta.dirname, "../../traces", name), "utf8"), name).toBe(text)
    }
  })

  test("a restart that goes back undoes the steps above what was on its disk", () => {
    const trace = read(samples.get("lost-suffix.ndjson")!)
    if (typeof trace === "string") throw new Error(trace)
    const restart = trace.steps.find(({ action }) => action === "RestartAction")!
    expect([trace.lost, restart.number, lastIndex(restart.before.log)]).toEqual([2, 2, 0])
  })
})

const rest = ({ resetElectionTimer, sends }: { resetElectionTimer: boolean; sends: unknown }) =>
  ({ resetElectionTimer, sends })

describe("what is no trace is refused, with file, line and reason", () => {
  const { header, lines } = story(["elect s1 by s2", "propose s1 x", "replicate s1 to s2", "apply s1", "restart s1"])
  const good = traceText(header, lines)

  /** The text with its n-th line (from 1) replaced. */
  const replaced = (n: number, by: (line: Record<string, any>) => unknown) =>
    good.split("\n").map((line, k) => k + 1 === n ? JSON.stringify(by(JSON.parse(line))) : line).join("\n")
  const lineOf = (action: string) => lines.findIndex((line) => line.action === action) + 2
  const vote = lineOf("ReceiveRequestVoteRequest")
  const propose = lineOf("ClientRequestAction")
  const append = lineOf("ReceiveAppendEntriesRequest")
  const restart = lineOf("RestartAction")

  test("the unaltered one is read", () => expect(typeof read(good)).toBe("object"))

  const refused: ReadonlyArray<readonly [claim: string, text: string, message: string | RegExp]> = [
    ["an empty file", "", "t.ndjson:1: empty: expected the header of a trace"],
    ["W02: a trace without steps", `${good.split("\n")[0]!}\n`, "t.ndjson:1: no steps after the header"],
    ["another format", replaced(1, (h) => ({ ...h, format: "etcd" })), /^t\.ndjson:1: not the header of a trace: Expected "lockstep-trace".* at \["format"\]/],
    ["a later version", replaced(1, (h) => ({ ...h, version: 4 })), /^t\.ndjson:1: not the header of a trace: Expected 3.* at \["version"\]/],
    [
      "settings that leave one out",
      replaced(1, ({ settings: { preVote: _, ...settings }, ...h }) => ({ ...h, settings })),
      /^t\.ndjson:1: not the header of a trace: Missing key at \["settings"\]\["preVote"\]/
    ],
    [
      "settings that nobody knows",
      replaced(1, (h) => (h["settings"].lease = true, h)),
      /^t\.ndjson:1: not the header of a trace: .*\["settings"\]\["lease"\]/
    ],
    ["an earlier version", replaced(1, (h) => ({ ...h, version: 2 })), /^t\.ndjson:1: not the header of a trace: Expected 3.* at \["version"\]/],
    [
      "settings under which nothing could be sent",
      replaced(1, (h) => (h["settings"].maxInflight = 0, h)),
      /^t\.ndjson:1: not the header of a trace: .*\["settings"\]\["maxInflight"\]/
    ],
    ["a file without header", good.slice(good.indexOf("\n") + 1), /^t\.ndjson:1: not the header of a trace: /],
    ["a line that isn't JSON", good.replace("\n{\"node\"", "\n{node"), "t.ndjson:2: not JSON"],
    ["a torn last line", good.slice(0, -20), `t.ndjson:${lines.length + 1}: not JSON`],
    ["a blank line", good.replace("\n", "\n\n"), "t.ndjson:2: not JSON"],
    ["an unknown field", replaced(3, (l) => ({ ...l, term: 1 })), /^t\.ndjson:3: .*"term"/],
    ["an unknown field of a message", replaced(2, (l) => (l["sends"][0].hops = 1, l)), /^t\.ndjson:2: .*"hops"/],
    ["a missing field", replaced(2, ({ sends: _, ...l }) => l), /^t\.ndjson:2: not a step: Missing key at \["sends"\]/],
    ["a negative term", replaced(2, (l) => (l["sends"][0].term = -1, l)), /^t\.ndjson:2: .*\["term"\]/],
    ["a term beyond TLC's numbers", replaced(2, (l) => (l["sends"][0].term = 2 ** 31, l)), /^t\.ndjson:2: .*\["term"\]/],
    ["an unknown action", replaced(2, (l) => ({ ...l, action: "Sleep" })), /^t\.ndjson:2: not a step: Expected .*"TimeoutAction".* at \["action"\]/],
    ["votes out of order", replaced(2, (l) => (l["change"].votesGranted = ["s2", "s1"], l)), /^t\.ndjson:2: .*sorted ids/],
    ["answers out of order", replaced(2, (l) => (l["change"].recentActive = ["s2", "s2"], l)), /^t\.ndjson:2: .*sorted ids/],
    ["a role that nobody has", replaced(2, (l) => (l["change"].role = "learner", l)), /^t\.ndjson:2: .*\["role"\]/],
    [
      "a restart that doesn't say whether a leader is heard",
      replaced(restart, (l) => (delete l["state"].leaderContact, l)),
      new RegExp(`^t\\.ndjson:${restart}: not a step: Missing key at \\["state"\\]\\["leaderContact"\\]`)
    ],
    ["an unknown node", replaced(2, (l) => ({ ...l, node: "s4" })), "t.ndjson:2: unknown node s4 (there are s1, s2, s3)"],
    [
      "W04: a missing line",
      good.split("\n").filter((_, n) => n + 1 !== restart - 1).join("\n"),
      /^t\.ndjson:\d+: s1's step \d+ follows its step \d+: a line is missing$/
    ],
    ["a line twice", good.replace(/^(.*TimeoutAction.*\n)/m, "$1$1"), "t.ndjson:3: s1's step 1 is there already"],
    ["a request without values", replaced(propose, ({ values: _, ...l }) => l), `t.ndjson:${propose}: a ClientRequestAction has values`],
    ["values elsewhere", replaced(2, (l) => ({ ...l, values: ["x"] })), "t.ndjson:2: a TimeoutAction has no values"],
    ["neither state nor change", replaced(2, ({ change: _, ...l }) => l), "t.ndjson:2: expected either a state or a change"],
    [
      "a restart without what it read from disk",
      replaced(restart, ({ state: _, ...l }) => ({ ...l, change: {} })),
      `t.ndjson:${restart}: a RestartAction has a state: what was read from disk`
    ],
    [
      "a change that doesn't fit the log",
      replaced(append, (l) => (l["change"].log.keep = 7, l)),
      `t.ndjson:${append}: keeps the log up to 7, but s2's log ends at 0`
    ],
    [
      "an index of a server that is no member",
      replaced(restart, (l) => (delete l["state"].nextIndex.s3, l)),
      `t.ndjson:${restart}: nextIndex is of s1, s2, the members are s1, s2, s3`
    ],
    [
      "a receipt of nothing",
      replaced(vote, ({ consumed: _, ...l }) => l),
      `t.ndjson:${vote}: a ReceiveRequestVoteRequest consumes a message`
    ],
    [
      "a timeout that consumes",
      replaced(2, (l) => ({ ...l, consumed: { node: "s1", number: 1, position: 1, message: l["sends"][0] } })),
      "t.ndjson:2: a TimeoutAction consumes no message"
    ],
    [
      "a message under another action",
      replaced(vote, (l) => ({ ...l, action: "ReceiveAppendEntriesRequest" })),
      `t.ndjson:${vote}: a ReceiveAppendEntriesRequest doesn't consume a RequestVoteRequest`
    ],
    [
      "a message to another server",
      replaced(vote, (l) => (l["consumed"].message.dest = "s3", l)),
      `t.ndjson:${vote}: s2 consumes a message to s3`
    ],
    [
      "a message of a step that isn't there",
      replaced(vote, (l) => (l["consumed"].number = 9, l)),
      `t.ndjson:${vote}: consumes a message of s1's step 9, which isn't above this line`
    ],
    [
      "a message that the step didn't send",
      replaced(vote, (l) => (l["consumed"].position = 3, l)),
      `t.ndjson:${vote}: consumes message 3 of s1's step 1, which sends 2`
    ]
  ]
  test.each(refused)("%s", (_, text, message) => {
    if (typeof message === "string") expect(read(text)).toBe(message)
    else expect(read(text)).toMatch(message)
  })

  const snapshots = samples.get("snapshot.ndjson")!.trimEnd().split("\n")
  const find = (action: string) => snapshots.findIndex((line) => line.includes(`"action":"${action}"`)) + 1
  const [taken, chunk, received, probe] = [
    find("SnapshotAction"),
    find("ReceiveInstallSnapshotRequest"),
    find("ReceiveInstallSnapshotResponse"),
    snapshots.findIndex((line) => line.includes("InstallSnapshotRequest")) + 1
  ]
  const inSnapshot = (n: number, by: (line: Record<string, any>) => unknown) =>
    snapshots.map((line, k) => k + 1 === n ? JSON.stringify(by(JSON.parse(line))) : line).join("\n")
  /** The first change of a log that has a snapshot. */
  const compacted = snapshots.findIndex((line, k) => k >= taken && line.includes(`"node":"s1"`) && line.includes(`"keep"`)) + 1

  const refusedOfSnapshots: ReadonlyArray<readonly [claim: string, text: string, message: string | RegExp]> = [
    [
      "a snapshot that doesn't say what was taken",
      inSnapshot(taken, ({ state: _, ...l }) => ({ ...l, change: {} })),
      `t.ndjson:${taken}: a SnapshotAction has a state: what was taken`
    ],
    [
      "a snapshot as a change",
      inSnapshot(chunk, (l) => (l["change"].snapshot = { members: ["s1", "s2", "s3"], data: [] }, l)),
      new RegExp(`^t\\.ndjson:${chunk}: not a step: .*\\["change"\\]\\["snapshot"\\]`)
    ],
    [
      "a state without its snapshot",
      inSnapshot(taken, (l) => (delete l["state"].snapshot, l)),
      new RegExp(`^t\\.ndjson:${taken}: not a step: Missing key at \\["state"\\]\\["snapshot"\\]`)
    ],
    [
      "pieces that aren't text",
      inSnapshot(probe, (l) => (l["sends"][1].data = [1], l)),
      new RegExp(`^t\\.ndjson:${probe}: not a step: .*\\["data"\\]`)
    ],
    [
      "a chunk before the first piece",
      inSnapshot(probe, (l) => (l["sends"][1].offset = -1, l)),
      new RegExp(`^t\\.ndjson:${probe}: not a step: .*\\["offset"\\]`)
    ],
    [
      "a chunk that doesn't say whether it is the last",
      inSnapshot(probe, (l) => (delete l["sends"][1].done, l)),
      new RegExp(`^t\\.ndjson:${probe}: not a step: .*\\["done"\\]`)
    ],
    [
      "pipelined followers out of order",
      inSnapshot(taken, (l) => (l["state"].pipelined = ["s3", "s2"], l)),
      new RegExp(`^t\\.ndjson:${taken}: .*sorted ids`)
    ],
    [
      "the progress of a server that is no member",
      inSnapshot(received, (l) => (l["change"].snapshotOffset.s4 = 1, l)),
      `t.ndjson:${received}: snapshotOffset is of s1, s2, s3, s4, the members are s1, s2, s3`
    ],
    [
      "a change of what a snapshot has replaced",
      inSnapshot(compacted, (l) => (l["change"].log.keep = 2, l)),
      `t.ndjson:${compacted}: keeps the log up to 2, but s1's log ends at 3 and begins after 3`
    ],
    [
      "a chunk under another action",
      inSnapshot(chunk, (l) => ({ ...l, action: "ReceiveInstallSnapshotResponse" })),
      `t.ndjson:${chunk}: a ReceiveInstallSnapshotResponse doesn't consume a InstallSnapshotRequest`
    ],
    [
      "a snapshot that is taken of a message",
      inSnapshot(taken, (l) => ({ ...l, consumed: JSON.parse(snapshots[chunk - 1]!).consumed })),
      `t.ndjson:${taken}: a SnapshotAction consumes no message`
    ]
  ]
  test.each(refusedOfSnapshots)("%s", (_, text, message) => {
    if (typeof message === "string") expect(read(text)).toBe(message)
    else expect(read(text)).toMatch(message)
  })

  test("a message of a step that its sender's crash has undone", () => {
    const forward = story(["elect s1 by s2", "deliver AppendEntriesRequest s1->s2", "deliver AppendEntriesResponse s2->s1"])
    const crashed = story(["elect s1 by s2", "restart s2"]).lines.at(-1)!
    const text = traceText(forward.header, [...forward.lines, crashed as Line])
    expect(read(text)).toBe("t.ndjson:6: consumes a message of s2's step 2, which wasn't on disk when s2 crashed (line 7)")
  })
})
