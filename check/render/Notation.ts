/** How servers and messages are written in scenarios and counterexamples: the notation of the paper's figures. */
import { decode } from "../../src/kv/Encoding.ts"
import { stampedText } from "../kv/Notation.ts"
import type { Message } from "../../src/raft/Message.ts"
import { lastIndex, Peers } from "../../src/raft/Server.ts"
import type { Entry, Role, Server } from "../../src/raft/Server.ts"
import { entriesOf } from "../raft/Log.ts"

export const roleLetter: Readonly<Record<Role, string>> = { follower: "F", preCandidate: "P", candidate: "C", leader: "L" }

/** What an entry's value says: as it is, or, of a request of the map's clients, in words. */
export const valueText = (value: string): string => {
  const request = decode(value)
  return request === undefined ? value : ` ${stampedText(request)}`
}

/** A box an entry, as in Figures 7 and 8: its term, and the command; a leader's no-op has none. */
export const boxes = (entries: ReadonlyArray<Entry>): string => entries.map((e) => `[${e.term}${valueText(e.value)}]`).join("")

/** What a snapshot has replaced: `{3/t2}`, index and term of the last entry that it stands for; none: "". */
export const snapshotText = ({ log: { lastIncludedIndex, lastIncludedTerm } }: Server): string =>
  lastIncludedIndex === 0 ? "" : `{${lastIncludedIndex}/t${lastIncludedTerm}}`

/** A whole log, the snapshot before it; `[]` when it is empty. */
const logText = (s: Server): string => lastIndex(s.log) === 0 ? "[]" : snapshotText(s) + boxes(entriesOf(s.log))

/** What the server's vote comes to: a candidate's votes so far, a follower's choice. A leader's is known. */
export const voteText = (s: Server): string =>
  s.role === "candidate" || s.role === "preCandidate"
    ? `votes=${s.votesGranted.join(",")}`
    : s.role === "follower" && s.votedFor !== null
    ? `v=${s.votedFor}`
    : ""

export interface ServerOptions {
  /** Crashed: what was only in memory is written `-`. */
  readonly down: boolean
  /** Applying is an event of its own here, so `lastApplied` is written too. */
  readonly applyAlone: boolean
}

/** `s2 F t4 c1 {3/t2}[2][2x] v=s1`: role, term, commitIndex, snapshot, log, vote. */
export const serverLine = (s: Server, { applyAlone, down }: ServerOptions): string => {
  const memory = (value: string | number) => down ? "-" : value
  const applied = applyAlone ? [`a${memory(s.lastApplied)}`] : []
  const vote = down ? (s.votedFor === null ? "" : `v=${s.votedFor}`) : voteText(s)
  const numbers = [`t${s.currentTerm}`, `c${memory(s.commitIndex)}`, ...applied]
  return [s.id, memory(roleLetter[s.role]), ...numbers, logText(s), ...(vote === "" ? [] : [vote])].join(" ")
}

/** Who a server has heard lately: `hears` a leader; of a leader, who has answered since its last CheckQuorum. */
export const contactText = (s: Server): string =>
  s.leaderContact ? "hears" : s.recentActive.length > 0 ? `active=${s.recentActive.join(",")}` : ""

/** The pieces of a snapshot that have arrived: `part={3}:2`; none: "". */
export const partialText = ({ partial: { data, lastIncludedIndex } }: Server): string =>
  data.length === 0 ? "" : `part={${lastIncludedIndex}}:${data.length}`

/** All that can differ between two servers of the same id, but for a leader's progress. */
export const stateLine = (s: Server): string =>
  [serverLine(s, { down: false, applyAlone: true }), partialText(s), contactText(s)].filter((text) => text !== "").join(" ")

/** Whether the server hears a leader; of a leader, with CheckQuorum, who has answered it since the last one. */
export const contactLine = (s: Server): string =>
  s.role === "leader"
    ? `${s.id} leads${s.settings.checkQuorum ? `, answered by ${s.recentActive.join(",") || "nobody"}` : ""}`
    : `${s.id} hears ${s.leaderContact ? "a" : "no"} leader`

/** What a message says, without who sends it to whom: `t4 prev=2/t2 [4] c1`. A place in a log is index/term. */
export const contents = (m: Message): string => {
  switch (m.type) {
    case "PreVoteRequest":
    case "RequestVoteRequest":
      return `t${m.term} last=${m.lastLogIndex}/t${m.lastLogTerm}`
    case "PreVoteResponse":
    case "RequestVoteResponse":
      return `t${m.term} ${m.voteGranted ? "granted" : "refused"}`
    case "AppendEntriesRequest": {
      const entries = m.entries.length === 0 ? "[]" : boxes(m.entries)
      return `t${m.term} prev=${m.prevLogIndex}/t${m.prevLogTerm} ${entries} c${m.leaderCommit}`
    }
    case "AppendEntriesResponse":
      if (m.success) return `t${m.term} match=${m.matchIndex}`
      if (m.rejectedIndex === 0) return `t${m.term} refused`
      return m.conflictTerm === 0
        ? `t${m.term} conflict at ${m.rejectedIndex}: lacks all from ${m.conflictIndex}`
        : `t${m.term} conflict at ${m.rejectedIndex}: term ${m.conflictTerm} from ${m.conflictIndex}`
    case "InstallSnapshotRequest": {
      const { data, done, lastIncludedIndex, lastIncludedTerm, offset } = m
      return `t${m.term} {${lastIncludedIndex}/t${lastIncludedTerm}} pieces ${offset}-${offset + data.length}${done ? " done" : ""}`
    }
    case "InstallSnapshotResponse":
      if (m.lastIncludedIndex === 0) return `t${m.term} refused`
      return `t${m.term} {${m.lastIncludedIndex}} ${m.done ? "done" : `has ${m.offset} pieces`}`
  }
}

/**
 * What a leader knows of each follower, one line each: `s1->s2 next=3 match=2`; `probed` when it isn't sent entries ahead of
 * its answers, or which part of the snapshot is next.
 */
export const progressLines = (s: Server): ReadonlyArray<string> =>
  Peers(s).map((j) => {
    const sent = s.nextIndex[j]! <= s.log.lastIncludedIndex
      ? ` snapshot from piece ${s.snapshotOffset[j]}`
      : s.pipelined.includes(j) ? "" : " probed"
    return `${s.id}->${j} next=${s.nextIndex[j]} match=${s.matchIndex[j]}${sent}`
  })
