/** What is committed, and applying it (5.3, 5.4.2). Twin of spec/Commit.tla. */
import type { Step } from "./Message.ts"
import { IsQuorum, termAt } from "./Server.ts"
import type { Server } from "./Server.ts"

/**
 * Fig2.L4: "If there exists an N such that N > commitIndex, a majority of matchIndex[i] >= N, and log[N].term ==
 * currentTerm: set commitIndex = N" (5.3, 5.4).
 *
 * Entries of earlier terms are never committed by counting (Figure 8: they can still be overwritten); they commit
 * along with the first of this term. The largest N that a majority holds is somebody's matchIndex; and when its term is
 * older, so is that of any smaller one, since terms don't fall along a log.
 */
export const AdvanceCommitIndex = (s: Server): Server => {
  const falling = s.members.map((j) => s.matchIndex[j]!).sort((a, b) => b - a)
  // (All hold the last one.)
  const n = falling.find((n) => IsQuorum(s, s.members.filter((j) => s.matchIndex[j]! >= n)))!
  return n > s.commitIndex && termAt(s.log, n) === s.currentTerm ? { ...s, commitIndex: n } : s
}

/**
 * Fig2.A1: "If commitIndex > lastApplied: increment lastApplied, apply log[lastApplied] to state machine" (5.3).
 *
 * One entry at a time, in order; the layer above reads `entryAt(log, lastApplied)` and applies it.
 */
export const Apply = (s: Server): Step | undefined =>
  s.lastApplied >= s.commitIndex
    ? undefined
    : { server: { ...s, lastApplied: s.lastApplied + 1 }, sends: [], resetElectionTimer: false }
