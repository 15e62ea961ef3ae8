import { NodeServices } from "@effect/platform-node"
import { Effect, Result } from "effect"
import fc from "fast-check"
import { join } from "node:path"
import { isDeepStrictEqual } from "node:util"
import { beforeAll, describe, expect, test } from "vitest"
import { Apply } from "../../src/raft/Commit.ts"
import { LeaderContactLost, Timeout } from "../../src/raft/Election.ts"
import type { Step } from "../../src/raft/Message.ts"
import { Handle, Restart } from "../../src/raft/Raft.ts"
import { CheckQuorum, ClientRequest, HeartbeatTimeout } from "../../src/raft/Replication.ts"
import { TakeSnapshot } from "../../src/raft/Snapshot.ts"
import { findJar, findJava } from "../tlc/Jar.ts"
import type { Trace, TraceStep } from "./Format.ts"
import { randomRun } from "./randomRun.ts"
import { both, plain, samples, story } from "./samples.ts"
import { readTrace } from "./TraceReader.ts"
import { traceText } from "./TraceWriter.ts"
import { validateTraces } from "./validate.ts"
import type { Verdict } from "./validate.ts"

type Json = Record<string, any>

const run = <A, E>(effect: Effect.Effect<A, E, NodeServices.NodeServices>) =>
  Effect.runPromise(Effect.provide(effect, NodeServices.layer))
const java = Result.isSuccess(await run(Effect.result(findJava())))

/** Where the TypeScript rules first disagree with the trace: an oracle independent of TLC. */
const firstWrong = ({ steps }: Trace): number | undefined => steps.find((step) => !isStep(step))?.line

const isStep = (step: TraceStep): boolean => {
  const { after, consumed, resetElectionTimer, sends } = step
  if (consumed !== undefined && !isDeepStrictEqual(consumed.sender.sends[consumed.position - 1], consumed.message)) {
    return false
  }
  const rule = ruleOf(step)
  const sorted = (messages: ReadonlyArray<{ readonly dest: string }>) =>
    messages.toSorted((a, b) => a.dest < b.dest ? -1 : 1)
  return rule !== undefined && isDeepStrictEqual(rule.server, after) && rule.resetElectionTimer === resetElectionTimer
    && isDeepStrictEqual(sorted(rule.sends), sorted(sends))
}

const ruleOf = ({ action, after, before, consumed, value }: TraceStep): Step | undefined => {
  switch (action) {
    case "TimeoutAction":
      return Timeout(before)
    case "ClientRequestAction":
      return ClientRequest(before, value!)
    case "HeartbeatTimeoutAction":
      return HeartbeatTimeout(before)
    case "ApplyAction":
      return Apply(before)
    case "RestartAction":
      return Restart(before)
    case "SnapshotAction":
      return TakeSnapshot(before, after.log.lastIncludedIndex, after.snapshot.data)
    case "LeaderContactLostAction":
      return LeaderContactLost(before)
    case "CheckQuorumAction":
      return CheckQuorum(before)
    default:
      return Handle(before, consumed!.message)
  }
}

const read = (text: string, file: string): Trace => Result.getOrThrow(readTrace(text, file))

/** The altered text of a trace: each line is given as JSON, and may be changed or left out. */
const altered = (text: string, alter: (line: Json, n: number) => Json | undefined): string =>
  text.trimEnd().split("\n").flatMap((line, k) => {
    const by = alter(JSON.parse(line), k + 1)
    return by === undefined ? [] : [JSON.stringify(by)]
  }).map((line) => `${line}\n`).join("")

/** Without the n-th line, and as if it had never been: later steps of its node are renumbered. */
const without = (text: string, n: number): string => {
  const { node, number } = JSON.parse(text.split("\n")[n - 1]!) as { readonly node: string; readonly number: number }
  return altered(text, (line, k) => {
    if (k === n) return undefined
    if (line["node"] === node && line["number"] > number) line["number"]--
    const consumed = line["consumed"] as Json | undefined
    if (consumed?.["node"] === node && consumed["number"] > number) consumed["number"]--
    return line
  })
}

describe.skipIf(!java)(`TLC validates traces${java ? "" : " (not run: no Java 11 or newer on the PATH)"}`, {
  timeout: 240_000
}, () => {
  let jar: string
  beforeAll(async () => {
    jar = await run(findJar(join(import.meta.dirname, "../..")))
  }, 120_000)
  const validate = (traces: ReadonlyArray<Trace>) => run(validateTraces(traces, { jar }))

  const { header, lines } = story([
    "elect s1 by s2",
    "propose s1 x",
    "heartbeat s1",
    "replicate s1 to s2 s3",
    "apply s1",
    "propose s1 y",
    "restart s3",
    "timeout s3",
    "deliver RequestVoteRequest s3->s2",
    "apply s1"
  ])
  const good = traceText(header, lines)
  const at = (action: string, node: string) => lines.findIndex((l) => l.action === action && l.node === node) + 2
  const last = lines.length + 1
  const append = at("ReceiveAppendEntriesRequest", "s2")
  const answer = at("ReceiveAppendEntriesResponse", "s1")
  const heartbeat = at("HeartbeatTimeoutAction", "s1")
  const apply = at("ApplyAction", "s1")
  const second = apply + 1
  const inLine = (n: number, by: (line: Json) => void, text = good) =>
    read(altered(text, (line, k) => {
      if (k === n) by(line)
      return line
    }), "t.ndjson")
  /** What no file can say, for the reader refuses it. */
  const inStep = (n: number, by: (step: TraceStep, steps: ReadonlyArray<TraceStep>) => Partial<TraceStep>): Trace => {
    const trace = read(good, "t.ndjson")
    return { ...trace, steps: trace.steps.map((step) => step.line === n ? { ...step, ...by(step, trace.steps) } : step) }
  }

  const preVote = samples.get("pre-vote.ndjson")!
  /** The line of the first, or of a later, such step in the sample. */
  const nth = (action: string, node: string, n = 1) => {
    const steps = read(preVote, "t.ndjson").steps.filter((step) => step.action === action && step.node === node)
    return steps[n - 1]!.line
  }
  const inPreVote = (n: number, by: (line: Json) => void) => inLine(n, by, preVote)
  const lostContact = nth("LeaderContactLostAction", "s2")
  const asks = nth("TimeoutAction", "s3")
  const hears = nth("ReceiveAppendEntriesRequest", "s2")
  const answered = nth("ReceiveAppendEntriesResponse", "s1")
  const confirmed = nth("CheckQuorumAction", "s1")
  const stepsDown = nth("CheckQuorumAction", "s1", 2)
  const refuses = nth("ReceivePreVoteRequest", "s2", 2)
  const grants = nth("ReceivePreVoteRequest", "s3")
  const tells = nth("ReceivePreVoteRequest", "s3", 2)
  const campaigns = nth("ReceivePreVoteResponse", "s2")

  const accepted: ReadonlyArray<readonly [claim: string, trace: Trace]> = [
    ["an unaltered trace is accepted, all its lines", read(good, "t.ndjson")],
    ...[...samples].map(([name, text]) => [`the sample ${name} is accepted`, read(text, name)] as const)
  ]
  const rejected: ReadonlyArray<readonly [claim: string, trace: Trace, line: number, found: string]> = [
    [
      "W01: a trace whose last line is altered",
      inLine(last, (l) => l["change"].lastApplied = 1),
      last,
      "lastApplied: expected 2, found 1; enabled: "
    ],
    [
      "W01: a trace whose last line has its timer flipped",
      inLine(last, (l) => l["resetElectionTimer"] = true),
      last,
      "resetElectionTimer: expected FALSE, found TRUE"
    ],
    [
      "W03: an entry of another term",
      inLine(append, (l) => l["change"].log.append[0].term = 2),
      append,
      "log.entries[1].term: expected 1, found 2"
    ],
    [
      "W03: an entry of another value",
      inLine(append, (l) => Object.assign(l["change"].log.append[0], { value: "z" })),
      append,
      "log.entries[1].value: expected \"\", found \"z\""
    ],
    [
      "W03: an entry that isn't kept",
      inLine(second, (l) => l["change"].log.keep = 1),
      second,
      "log.entries[2].value: expected \"x\", found \"y\""
    ],
    [
      "W03: an entry the less",
      inLine(append, (l) => l["change"].log.append.pop()),
      append,
      "log.entries[2]: expected [term |-> 1, type |-> \"command\", value |-> \"x\"], found nothing"
    ],
    [
      "W03: another value in what is sent",
      inLine(heartbeat, (l) => l["sends"][1].entries[1].value = "z"),
      heartbeat,
      "sends to s3.entries[2].value: expected \"x\", found \"z\""
    ],
    [
      "a line with one message less",
      inLine(second, (l) => l["sends"].pop()),
      second,
      "sends to s3: expected [dest |-> \"s3\","
    ],
    [
      "a message sent that isn't due",
      inLine(append, (l) => l["sends"].push({ ...l["sends"][0], dest: "s3" })),
      append,
      "sends to s3: expected nothing, found [conflictIndex |-> 0,"
    ],
    ["a message sent twice", inLine(append, (l) => l["sends"].push(l["sends"][0])), append, "sends: expected each message once"],
    [
      "a message that nobody sent",
      inStep(answer, ({ consumed }) => ({ consumed: { ...consumed!, position: 2 } })),
      answer,
      "consumed (message 2 of s2's step 2): expected nothing, found"
    ],
    [
      "a message that is sent further below",
      (([timeout, vote, ...others]) => ({ ...read(good, "t.ndjson"), steps: [vote!, timeout!, ...others] }))(
        read(good, "t.ndjson").steps
      ),
      3,
      "consumed (message 1 of s1's step 1): expected a step of this trace, above, found another"
    ],
    [
      "a consumed message that isn't what was sent",
      inLine(append, (l) => l["consumed"].message.entries[0].value = "z"),
      append,
      "entries[1].value: expected \"\", found \"z\""
    ],
    [
      "a message of one that isn't a member",
      inLine(answer, (l) => l["consumed"].message.source = "s9"),
      answer,
      "no value in the specification"
    ],
    [
      "a message delivered to another server",
      inStep(append, (_, steps) => ({ consumed: steps.find(({ node }) => node === "s3")!.consumed! })),
      append,
      "no such step"
    ],
    [
      "a step from another state than the node's last line left",
      inStep(second, ({ after, before }) => ({
        before: { ...before, lastApplied: 0 },
        after: { ...after, lastApplied: 0 }
      })),
      second,
      "state: expected what the node's last line left, found another"
    ],
    ["a step that isn't enabled", inLine(2, (l) => l["action"] = "HeartbeatTimeoutAction"), 2, "action: expected no such step"],
    [
      "who has got word from a leader, and hears none,",
      inPreVote(hears, (l) => l["change"].leaderContact = false),
      hears,
      "leaderContact: expected TRUE, found FALSE; enabled: "
    ],
    [
      "contact that is lost and kept",
      inPreVote(lostContact, (l) => l["change"] = {}),
      lostContact,
      "leaderContact: expected FALSE, found TRUE; enabled: "
    ],
    [
      "contact that is lost twice",
      inPreVote(asks, (l) => Object.assign(l, { action: "LeaderContactLostAction" })),
      asks,
      "action: expected no such step, found LeaderContactLostAction"
    ],
    [
      "an answer to the leader put down to another server",
      inPreVote(answered, (l) => l["change"].recentActive = ["s3"]),
      answered,
      "recentActive: expected {\"s2\"}, found {\"s3\"}"
    ],
    [
      "answers that count twice, before and after CheckQuorum,",
      inPreVote(confirmed, (l) => l["change"] = {}),
      confirmed,
      "recentActive: expected {}, found {\"s2\", \"s3\"}"
    ],
    [
      "a leader that nobody answers and that leads on",
      inPreVote(stepsDown, (l) => delete l["change"].role),
      stepsDown,
      "role: expected \"follower\", found \"leader\""
    ],
    [
      "a pre-candidate in a new term",
      inPreVote(asks, (l) => l["change"].currentTerm = 2),
      asks,
      "currentTerm: expected 1, found 2"
    ],
    [
      "a pre-candidate that votes for itself",
      inPreVote(asks, (l) => l["change"].votedFor = "s3"),
      asks,
      "votedFor: expected Nil, found \"s3\""
    ],
    [
      "a pre-vote granted to a shorter log",
      inPreVote(refuses, (l) => l["sends"][0].voteGranted = true),
      refuses,
      "sends to s3.voteGranted: expected FALSE, found TRUE"
    ],
    [
      "a pre-vote refused to a log that is up to date",
      inPreVote(grants, (l) => l["sends"][0].voteGranted = false),
      grants,
      "sends to s2.voteGranted: expected TRUE, found FALSE"
    ],
    [
      "an earlier term's pre-vote answered in that term",
      inPreVote(tells, (l) => l["sends"][0].term = 1),
      tells,
      "sends to s1.term: expected 2, found 1"
    ],
    [
      "a pre-vote refused without a word",
      inPreVote(refuses, (l) => l["sends"] = []),
      refuses,
      "sends to s3: expected [dest |-> \"s3\","
    ],
    [
      "a pre-vote answered that isn't what was sent",
      inPreVote(campaigns, (l) => l["consumed"].message.voteGranted = false),
      campaigns,
      "voteGranted: expected TRUE, found FALSE"
    ],
    [
      "a pre-vote answered by who hears a leader",
      read(without(preVote, lostContact), "t.ndjson"),
      refuses - 1,
      "action: expected no such step, found ReceivePreVoteRequest"
    ],
    [
      "a pre-vote under settings without",
      inPreVote(1, (h) => h["settings"].preVote = false),
      2,
      "currentTerm: expected 1, found 0"
    ],
    [
      "an answer counted under settings without CheckQuorum",
      inPreVote(1, (h) => h["settings"].checkQuorum = false),
      answered,
      "recentActive: expected {}, found {\"s2\"}"
    ],
    [
      "W04: a trace without one of its lines, an Apply, the others renumbered,",
      read(without(good, apply), "t.ndjson"),
      last - 1,
      "lastApplied: expected 1, found 2"
    ]
  ]
  let verdicts: ReadonlyArray<Verdict>
  beforeAll(async () => {
    verdicts = (await validate([...accepted, ...rejected].map(([, trace]) => trace))).verdicts
  }, 120_000)

  test.each(accepted.map(([claim, trace], n) => [claim, trace, n] as const))("%s", (_, trace, n) => {
    expect(verdicts[n]).toEqual({ status: "accepted", lines: trace.steps.length })
  })

  test.each(rejected.map(([claim, , line, found], n) => [claim, line, found, n] as const))(
    "%s is rejected, at its line",
    (_, line, found, n) => {
      const verdict = verdicts[accepted.length + n]!
      expect(verdict).toMatchObject({ status: "rejected", line })
      expect(verdict.status === "rejected" && verdict.message).toContain(found)
    }
  )

  test("W02: a trace without lines is never accepted", async () => {
    const trace = read(good, "t.ndjson")
    await expect(validate([trace, { ...trace, steps: [] }])).rejects.toThrow("1 traces have none")
  })

  /** TLC against the rules in TypeScript: the same traces accepted, the others rejected at the same lines. */
  const agree = async (traces: ReadonlyArray<Trace>) => {
    const expected = traces.map(firstWrong)
    const { verdicts } = await validate(traces)
    expect(verdicts.map((verdict) => verdict.status === "rejected" ? verdict.line : undefined)).toEqual(expected)
    return expected.filter((line) => line !== undefined).length
  }

  test("W04: with any one line deleted, and the others renumbered, TLC and the TypeScript rules agree", async () => {
    const texts = [good, ...samples.values()]
    const traces = texts.flatMap((text) =>
      text.trimEnd().split("\n").flatMap((_, k) => {
        if (k === 0) return []
        const trace = readTrace(without(text, k + 1), `${k + 1}`)
        return Result.isSuccess(trace) ? [trace.success] : []
      })
    )
    expect(await agree(traces)).toBeGreaterThan(10)
  })

  test("W03: with any one value of a random run altered, TLC and the TypeScript rules agree", async () => {
    const choices = fc.array(fc.nat(1_000_000), { minLength: 200, maxLength: 300, size: "max" })
    const settings = fc.constantFrom(plain, both, { ...both, preVote: false }, { ...both, checkQuorum: false })
    const one = fc.tuple(fc.integer({ min: 1, max: 5 }), settings, choices, fc.nat())
    const traces = fc.sample(one, { numRuns: 200, seed: 1 }).flatMap(([count, settings, choices, place]) => {
      const { header, lines } = randomRun(count, settings, choices)
      const trace = readTrace(alteredSomewhere(traceText(header, lines), place), "t.ndjson")
      return Result.isSuccess(trace) ? [trace.success] : []
    })
    expect(await agree(traces)).toBeGreaterThan(50)
  })
})

/** One value of one line, which one is drawn by `place`, becomes another one of its type. */
const alteredSomewhere = (text: string, place: number): string => {
  const target = 2 + place % (text.trimEnd().split("\n").length - 1)
  return altered(text, (line, n) => {
    if (n !== target) return line
    const leaves: Array<() => void> = []
    const visit = (holder: Json) => {
      for (const [key, value] of Object.entries(holder)) {
        if (Array.isArray(value) && (key === "votesGranted" || key === "recentActive")) {
          leaves.push(() => holder[key] = value.length === 0 ? ["s1"] : [])
        }
        if (typeof value === "object" && value !== null) visit(value)
        else if (typeof value === "number") leaves.push(() => holder[key] = value + 1)
        else if (typeof value === "boolean") leaves.push(() => holder[key] = !value)
        else if (value === null) leaves.push(() => holder[key] = "s1")
        else if (/^s\d$/.test(value)) leaves.push(() => holder[key] = `s${1 + Number(value[1]) % 5}`)
        else if (key === "role") leaves.push(() => holder[key] = value === "leader" ? "follower" : "leader")
        else if (key === "value") leaves.push(() => holder[key] = `${value}!`)
      }
    }
    visit(line)
    leaves[Math.floor(place / 7) % leaves.length]!()
    return line
  })
}
