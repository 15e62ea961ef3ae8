/** Traces by the rules in TypeScript, without TLC. */
import { isDeepStrictEqual } from "node:util"
import { Apply } from "../../src/raft/Commit.ts"
import { LeaderContactLost, Timeout } from "../../src/raft/Election.ts"
import type { Step } from "../../src/raft/Message.ts"
import { Handle, Restart } from "../../src/raft/Raft.ts"
import { CheckQuorum, ClientRequest, HeartbeatTimeout } from "../../src/raft/Replication.ts"
import { TakeSnapshot } from "../../src/raft/Snapshot.ts"
import type { Trace, TraceStep } from "./Format.ts"
/** Where the TypeScript rules first disagree with the trace: an oracle independent of TLC. */
export const firstWrong = ({ steps }: Trace): number | undefined => steps.find((step) => !isStep(step))?.line

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

const ruleOf = ({ action, after, before, consumed, values }: TraceStep): Step | undefined => {
  switch (action) {
    case "TimeoutAction":
      return Timeout(before)
    case "ClientRequestAction":
      return ClientRequest(before, values!)
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
