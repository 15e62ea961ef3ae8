/** Log compaction (7, Figure 13). Twin of spec/Snapshot.tla. */
import { Follow, UpdateTerm } from "./Election.ts"
import { InstallSnapshot, Received } from "./Message.ts"
import type { InstallSnapshotRequest, InstallSnapshotResponse, Step } from "./Message.ts"
import { Answered, Matched } from "./Replication.ts"
import { compact, forAll, lastIndex, NoPartial, termAt } from "./Server.ts"
import type { Index, Server } from "./Server.ts"

/**
 * A server's own snapshot of what it has applied: `data` is the state machine's at `index`, in pieces. "Each server takes
 * snapshots independently, covering just the committed entries in its log" (7). A leader begins to send it from its start.
 * When is up to the layer above; `undefined`: nothing is applied up to `index`, or there is a snapshot of it already.
 */
export const TakeSnapshot = (s: Server, index: Index, data: ReadonlyArray<string>): Step | undefined => {
  if (index <= s.log.lastIncludedIndex || index > s.lastApplied) return undefined
  return {
    server: {
      ...s,
      log: compact(s.log, index),
      snapshot: { members: s.members, data },
      pipelined: s.pipelined.filter((j) => s.nextIndex[j]! > index),
      snapshotOffset: forAll(s.members, 0)
    },
    sends: [],
    resetElectionTimer: false
  }
}

/** Fig13.IS5 to Fig13.IS8: the snapshot has arrived. What it says is committed, and more than `s` knew to be. */
export const Install = (s: Server, m: InstallSnapshotRequest, data: ReadonlyArray<string>): Server => ({
  ...s,
  // Fig13.IS6: "If existing log entry has same index and term as snapshot's last included entry, retain log entries
  // following it"; Fig13.IS7: else "discard the entire log".
  log: m.lastIncludedIndex <= lastIndex(s.log) && termAt(s.log, m.lastIncludedIndex) === m.lastIncludedTerm
    ? compact(s.log, m.lastIncludedIndex)
    : { lastIncludedIndex: m.lastIncludedIndex, lastIncludedTerm: m.lastIncludedTerm, pages: [] },
  // Fig13.IS8: "Reset state machine using snapshot contents (and load snapshot's cluster configuration)".
  snapshot: { members: m.members, data },
  members: m.members,
  commitIndex: m.lastIncludedIndex,
  lastApplied: m.lastIncludedIndex,
  // Fig13.IS5: "discard any existing or partial snapshot with a smaller index".
  partial: NoPartial
})

/**
 * InstallSnapshot RPC, receiver.
 *
 * Chunks may be lost, come twice or out of order: the answer says how many pieces are here, which is where to go on.
 */
export const HandleInstallSnapshotRequest = (s0: Server, m: InstallSnapshotRequest): Step | undefined => {
  const s1 = UpdateTerm(s0, m.term)
  // Fig13.IS1: "Reply immediately if term < currentTerm".
  if (m.term < s1.currentTerm) {
    return { server: s1, sends: [Received(s1, m.source, 0, 0, false)], resetElectionTimer: false }
  }
  const s = Follow(s1)
  const index = m.lastIncludedIndex
  // A snapshot of what is known to be committed says nothing new: it must not roll anything back.
  if (index <= s.commitIndex) {
    return { server: s, sends: [Received(s, m.source, index, 0, true)], resetElectionTimer: true }
  }
  // Fig13.IS2: "Create new snapshot file if first chunk (offset is 0)".
  const held = index === s.partial.lastIncludedIndex ? s.partial.data : []
  // Not the chunk that is needed, or of a snapshot that a newer one has replaced.
  if (m.offset !== held.length || index < s.partial.lastIncludedIndex) {
    return { server: s, sends: [Received(s, m.source, index, held.length, false)], resetElectionTimer: true }
  }
  // Fig13.IS3: "Write data into snapshot file at given offset".
  const data = [...held, ...m.data]
  // Fig13.IS4: "Reply and wait for more data chunks if done is false".
  if (!m.done) {
    return {
      server: { ...s, partial: { lastIncludedIndex: index, data } },
      sends: [Received(s, m.source, index, data.length, false)],
      resetElectionTimer: true
    }
  }
  return { server: Install(s, m, data), sends: [Received(s, m.source, index, 0, true)], resetElectionTimer: true }
}

/**
 * InstallSnapshot RPC, the answer at the leader: the next chunk, from where the follower is.
 *
 * It may have less than it had acknowledged, lost in a restart. That can't be told from a late answer; to believe it costs
 * a chunk, and not to believe it would be to wait for ever.
 */
export const HandleInstallSnapshotResponse = (s0: Server, m: InstallSnapshotResponse): Step | undefined => {
  if (m.term > s0.currentTerm) return { server: UpdateTerm(s0, m.term), sends: [], resetElectionTimer: false }
  if (m.term < s0.currentTerm || s0.role !== "leader") return undefined
  const j = m.source
  const s1 = Answered(s0, j)
  const heard: Step | undefined = s1 === s0 ? undefined : { server: s1, sends: [], resetElectionTimer: false }
  if (m.done) return m.lastIncludedIndex <= s0.matchIndex[j]! ? heard : Matched(s1, j, m.lastIncludedIndex)
  // Of a snapshot that isn't sent any more, or to one who doesn't need it any more.
  if (m.lastIncludedIndex !== s0.log.lastIncludedIndex || s0.nextIndex[j]! > s0.log.lastIncludedIndex) return heard
  if (m.offset === s0.snapshotOffset[j]) return heard
  const s: Server = { ...s1, snapshotOffset: { ...s1.snapshotOffset, [j]: m.offset } }
  return { server: s, sends: [InstallSnapshot(s, j)], resetElectionTimer: false }
}
