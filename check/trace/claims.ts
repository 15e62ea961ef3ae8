/** What TLC must say of which trace: good ones, and ones that differ from them in one thing each. */
import type { Trace, TraceStep } from "./Format.ts"
import { altered, read, without } from "./alter.ts"
import type { Json } from "./alter.ts"
import { plain, samples, story } from "./samples.ts"
import { traceText } from "./TraceWriter.ts"
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
export const good = traceText(header, lines)
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

/** The line of the first, or of a later, such step in a sample. */
const nthIn = (text: string, action: string, node: string, n = 1) => {
  const steps = read(text, "t.ndjson").steps.filter((step) => step.action === action && step.node === node)
  return steps[n - 1]!.line
}

const preVote = samples.get("pre-vote.ndjson")!
const nth = (action: string, node: string, n = 1) => nthIn(preVote, action, node, n)
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

const snapshot = samples.get("snapshot.ndjson")!
/** The sample up to its n-th line: what follows might not fit to what becomes of that. */
const upTo = (text: string, n: number) => `${text.split("\n").slice(0, n).join("\n")}\n`
const inSnapshot = (n: number, by: (line: Json) => void) => inLine(n, by, upTo(snapshot, n))
const taken = nthIn(snapshot, "SnapshotAction", "s1")
const beats = nthIn(snapshot, "HeartbeatTimeoutAction", "s1", 2)
const begins = nthIn(snapshot, "ReceiveInstallSnapshotRequest", "s3")
const repeats = nthIn(snapshot, "ReceiveInstallSnapshotRequest", "s3", 2)
const lacks = nthIn(snapshot, "ReceiveInstallSnapshotRequest", "s3", 3)
const installs = nthIn(snapshot, "ReceiveInstallSnapshotRequest", "s3", 5)
const goesOn = nthIn(snapshot, "ReceiveInstallSnapshotResponse", "s1")
const caughtUp = nthIn(snapshot, "ReceiveInstallSnapshotResponse", "s1", 4)
const forgets = nthIn(snapshot, "RestartAction", "s3")

const window = samples.get("window.ndjson")!
const inWindow = (n: number, by: (line: Json) => void) => inLine(n, by, upTo(window, n))
const fills = nthIn(window, "ClientRequestAction", "s1", 2)
const full = nthIn(window, "ClientRequestAction", "s1", 3)
const freed = nthIn(window, "ReceiveAppendEntriesResponse", "s1", 2)
const reopened = nthIn(window, "ReceiveAppendEntriesResponse", "s1", 3)
/** The first message of a line in the sample, as if for the next entry. */
const nextOf = (n: number, value: string): Json => {
  const m = (JSON.parse(window.split("\n")[n - 1]!) as Json)["sends"][0] as Json
  return { ...m, prevLogIndex: m["prevLogIndex"] + 1, entries: [{ ...m["entries"][0], value }] }
}

/** A batch of 5: the no-op measures 1 and a 😀 3, so a second one is too much, though it is one character. */
const inUnits = (() => {
  const { header, lines } = story(
    ["elect s1 by s2", "propose s1 😀", "propose s1 😀", "propose s1 é", "heartbeat s1", "replicate s1 to s2"],
    { ...plain, maxBatchBytes: 5 }
  )
  return traceText(header, lines)
})()
const batch = nthIn(inUnits, "HeartbeatTimeoutAction", "s1")

export const accepted: ReadonlyArray<readonly [claim: string, trace: Trace]> = [
  ["an unaltered trace is accepted, all its lines", read(good, "t.ndjson")],
  ["a trace with values of any characters is accepted", read(inUnits, "t.ndjson")],
  ...[...samples].map(([name, text]) => [`the sample ${name} is accepted`, read(text, name)] as const)
]
export const rejected: ReadonlyArray<readonly [claim: string, trace: Trace, line: number, found: string]> = [
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
    "a snapshot at an index that isn't applied",
    inSnapshot(taken, (l) => l["state"].log.lastIncludedIndex = 4),
    taken,
    "action: expected no such step, found SnapshotAction"
  ],
  [
    "a snapshot under another term",
    inSnapshot(taken, (l) => l["state"].log.lastIncludedTerm = 2),
    taken,
    "log.lastIncludedTerm: expected 1, found 2"
  ],
  [
    "a snapshot whose entries stay in the log",
    inSnapshot(taken, (l) => l["state"].log.entries = [{ term: 1, type: "command", value: "y" }]),
    taken,
    "log.entries[1]: expected nothing, found [term |-> 1, type |-> \"command\", value |-> \"y\"]"
  ],
  [
    "a chunk with another piece than the snapshot's",
    inSnapshot(beats, (l) => l["sends"][1].data[1] = "e"),
    beats,
    "sends to s3.data[2]: expected \"\\\\u00e9\", found \"e\""
  ],
  [
    "a chunk larger than the settings say",
    inSnapshot(beats, (l) => l["sends"][1].data.push("y")),
    beats,
    "sends to s3.data[3]: expected nothing, found \"y\""
  ],
  ["a chunk that calls itself the last", inSnapshot(beats, (l) => l["sends"][1].done = true), beats, "sends to s3.done: expected FALSE"],
  [
    "AppendEntries where the log lacks what the follower needs",
    inSnapshot(beats, (l) => l["sends"][1] = { ...l["sends"][0], dest: "s3" }),
    beats,
    "sends to s3: expected [data |-> <<\"\", \"\\\\u00e9\">>"
  ],
  [
    "a chunk consumed that isn't what was sent",
    inSnapshot(begins, (l) => l["consumed"].message.data[1] = "e"),
    begins,
    "data[2]: expected \"\\\\u00e9\", found \"e\""
  ],
  [
    "a piece that changes on its way into the partial snapshot",
    inSnapshot(begins, (l) => l["change"].partial.data[1] = "e"),
    begins,
    "partial.data[2]: expected \"\\\\u00e9\", found \"e\""
  ],
  [
    "a chunk that counts twice",
    inSnapshot(repeats, (l) => l["change"].partial = { lastIncludedIndex: 3, data: ["", "é", "", "é"] }),
    repeats,
    "partial.data[3]: expected nothing, found \"\""
  ],
  [
    "a partial snapshot that survives a restart",
    inSnapshot(forgets, (l) => l["state"].partial = { lastIncludedIndex: 3, data: ["", "é"] }),
    forgets,
    "partial.data[1]: expected nothing, found \"\""
  ],
  [
    "a last chunk that counts without the others",
    inSnapshot(lacks, (l) => l["sends"][0].done = true),
    lacks,
    "sends to s1.done: expected FALSE, found TRUE"
  ],
  [
    "a snapshot installed without what it says of commitIndex",
    inSnapshot(installs, (l) => l["state"].commitIndex = 0),
    installs,
    "commitIndex: expected 3, found 0"
  ],
  [
    "a snapshot installed under another configuration",
    inSnapshot(installs, (l) => l["state"].snapshot.members = ["s1", "s2"]),
    installs,
    "snapshot.members: expected {\"s1\", \"s2\", \"s3\"}, found {\"s1\", \"s2\"}"
  ],
  [
    "a next chunk from another place than was acknowledged",
    inSnapshot(goesOn, (l) => l["sends"][0].offset = 1),
    goesOn,
    "sends to s3.offset: expected 2, found 1"
  ],
  [
    "a follower that has the snapshot and is still probed",
    inSnapshot(caughtUp, (l) => delete l["change"].pipelined),
    caughtUp,
    "pipelined: expected {\"s2\", \"s3\"}, found {\"s2\"}"
  ],
  [
    "an entry sent through a full window",
    inWindow(full, (l) => l["sends"].push(nextOf(fills, "y"))),
    full,
    "sends to s2: expected nothing, found [dest |-> \"s2\", entries |->"
  ],
  [
    "an entry that waits though the window has room",
    inWindow(fills, (l) => l["sends"] = []),
    fills,
    "sends to s2: expected [dest |-> \"s2\", entries |->"
  ],
  [
    "a window that isn't freed by a rejection",
    inWindow(freed, (l) => delete l["change"].nextIndex),
    freed,
    "nextIndex.s2: expected 2, found 4"
  ],
  [
    "a follower sent to ahead of its answers though it has rejected one",
    inWindow(freed, (l) => delete l["change"].pipelined),
    freed,
    "pipelined: expected {}, found {\"s2\"}"
  ],
  [
    "one of two batches to one follower with another place in the log",
    inWindow(reopened, (l) => l["sends"][1].prevLogTerm = 0),
    reopened,
    "sends to s2.prevLogTerm: expected 1, found 0"
  ],
  [
    "a window larger than the settings say",
    inLine(1, (h) => h["settings"].maxInflight = 1, window),
    fills,
    "nextIndex.s2: expected 3, found 4"
  ],
  [
    "a command taken beyond what may be uncommitted",
    inLine(1, (h) => h["settings"].maxUncommittedBytes = 3, window),
    fills,
    "action: expected no such step, found ClientRequestAction"
  ],
  [
    "a batch that is too large in UTF-16 units, if not in characters,",
    inLine(batch, (l) => l["sends"][0].entries.push({ term: 1, type: "command", value: "😀" }), inUnits),
    batch,
    "sends to s2.entries[3]: expected nothing, found [term |-> 1, type |-> \"command\", value |-> \"\\\\ud83d\\\\ude00\"]"
  ],
  [
    "W04: a trace without one of its lines, an Apply, the others renumbered,",
    read(without(good, apply), "t.ndjson"),
    last - 1,
    "lastApplied: expected 1, found 2"
  ]
]
