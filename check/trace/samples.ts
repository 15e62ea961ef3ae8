/**
 * The traces in traces/, as scripts: `node check/trace/samples.ts` writes them anew. Commit what it writes only if you
 * know why it differs.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { figure2 } from "../../src/raft/Server.ts"
import type { Settings } from "../../src/raft/Server.ts"
import { Cluster, serverIds } from "../cluster/Cluster.ts"
import type { Taken } from "../cluster/Cluster.ts"
import { runCommand } from "../scenario/Script.ts"
import type { Header, Line } from "./Format.ts"
import { headerOf, linesOf, traceText } from "./TraceWriter.ts"

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")) as {
  readonly version: string
}

interface Story {
  readonly header: Header
  readonly lines: ReadonlyArray<Line>
}

/** Figure 2, in small batches. */
export const plain: Settings = { ...figure2, maxBatchBytes: 4 }

/** With PreVote and CheckQuorum. */
export const both: Settings = { ...plain, preVote: true, checkQuorum: true }

/** With pieces two by two, and two entries ahead of their answers. */
export const chunked: Settings = { ...plain, maxBatchBytes: 2, maxInflight: 2, chunkSize: 2 }

/** The header and lines of a run of three servers, by its commands. */
export const story = (commands: ReadonlyArray<string>, settings = plain): Story => {
  const taken: Array<Taken> = []
  const cluster = new Cluster(serverIds(3), settings, (one) => taken.push(one))
  for (const command of commands) runCommand(cluster, command)
  return { header: headerOf(cluster.ids, settings, null, { lockstep: version }), lines: linesOf(cluster.sent, taken) }
}

const request = [
  "elect s1 by s2",
  "replicate s1 to s2",
  "propose s1 x",
  "replicate s1 to s2 s3",
  "heartbeat s1",
  "deliver AppendEntriesRequest s1->s2",
  "apply s1",
  "apply s1",
  "apply s2",
  "apply s2"
]

const conflict = [
  "elect s1 by s2",
  "propose s1 x",
  "propose s1 y",
  "propose s1 z",
  "elect s2 by s3",
  "propose s2 w",
  "replicate s2 to s1 s3",
  "heartbeat s2",
  "deliver AppendEntriesRequest s2->s1",
  "apply s2",
  "apply s1"
]

const crash = [
  "elect s1 by s2",
  "replicate s1 to s2 s3",
  // The vote is on disk, its answer never leaves.
  "timeout s3",
  "deliver RequestVoteRequest s3->s2 crash after 1",
  "restart s2",
  "deliver RequestVoteRequest s3->s2",
  "deliver RequestVoteResponse s2->s3",
  "propose s3 x",
  "replicate s3 to s1 s2",
  "apply s3",
  "crash s3",
  "timeout s1",
  "restart s3",
  "deliver RequestVoteRequest s1->s3",
  "deliver RequestVoteResponse s3->s1"
]

/** s2's disk lags behind its memory: two steps of s2, of which nothing has left it, are undone by its crash. */
const lost = (): Story => {
  const before = ["elect s1 by s2", "propose s1 x", "heartbeat s1"]
  const undone = ["deliver AppendEntriesRequest s1->s2 #1", "deliver AppendEntriesRequest s1->s2 #2"]
  const after = ["restart s2", "replicate s1 to s2", "replicate s1 to s3", "apply s1"]
  const { header, lines } = story([...before, ...after])
  const start = story(before).lines.length
  const gone = story([...before, ...undone]).lines.slice(start)
  return { header, lines: [...lines.slice(0, start), ...gone, ...lines.slice(start)] }
}

/** The first chunk is lost once and arrives twice, then s3 restarts in the middle: it gets the snapshot from its start. */
const snapshot = [
  "elect s1 by s2",
  "propose s1 é",
  "propose s1 y",
  "heartbeat s1",
  "replicate s1 to s2",
  "apply s1",
  "apply s1",
  "apply s1",
  "snapshot s1",
  "propose s1 z",
  // Three pieces, two a message; this one is lost.
  "heartbeat s1",
  "heartbeat s1",
  "deliver InstallSnapshotRequest s1->s3",
  "deliver InstallSnapshotRequest s1->s3",
  "deliver InstallSnapshotResponse s3->s1",
  "restart s3",
  "replicate s1 to s2 s3",
  "apply s1",
  "restart s1"
]

/** Two entries may be under way to s2. The first of them is lost, so the second is rejected. */
const window = [
  "elect s1 by s2",
  "replicate s1 to s2",
  "propose s1 w",
  "propose s1 x",
  "propose s1 y",
  "heartbeat s1",
  "deliver AppendEntriesRequest s1->s2 #3",
  "deliver AppendEntriesResponse s2->s1",
  "replicate s1 to s2",
  "apply s1"
]

const preVote = [
  "elect s1 by s2",
  "replicate s1 to s2 s3",
  "propose s1 x",
  "replicate s1 to s2",
  "check-quorum s1",
  // s3 asks in vain: s1, which leads, and s2, which hears s1, don't answer. (That isn't a step.)
  "contact-lost s3",
  "timeout s3",
  // Nobody has answered s1 since.
  "check-quorum s1",
  // Now s2 answers; but s3's log lacks x.
  "contact-lost s2",
  "deliver PreVoteRequest s3->s2",
  "elect s2 by s3",
  // s1 asks in the term that is over, and is told of the new one.
  "timeout s1",
  "deliver PreVoteRequest s1->s3",
  "deliver PreVoteResponse s3->s1",
  "replicate s2 to s3",
  "apply s2"
]

/** By the name of the file in traces/. */
export const samples: ReadonlyMap<string, string> = new Map(
  Object.entries({
    request: story(request),
    conflict: story(conflict),
    crash: story(crash),
    "lost-suffix": lost(),
    snapshot: story(snapshot, chunked),
    window: story(window, chunked),
    "pre-vote": story(preVote, both)
  }).map(([name, { header, lines }]) => [`${name}.ndjson`, traceText(header, lines)])
)

if (import.meta.main) {
  for (const [name, text] of samples) writeFileSync(join(import.meta.dirname, "../../traces", name), text)
}
