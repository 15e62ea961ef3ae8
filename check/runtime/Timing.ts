/**
 * Whether a server's timers keep their promises: nothing runs out sooner than it was set to. Raft is safe whatever the
 * timers do, so no other property would notice.
 */
import type { Configuration } from "../../src/shell/Configuration.ts"
import type { TakenStep } from "../../src/shell/Observer.ts"

/** What is waited for, and since when. */
type Waits = { [action: string]: number }

/** A fiber may stand still between setting a timer and showing the step that did: a part of the time will do. */
const enough = 0.5

/** One life of a server. */
export class Timing {
  readonly #configuration: Configuration
  readonly #since: Waits

  /** The life begins `now`, in milliseconds, as all of these. */
  constructor(configuration: Configuration, now: number) {
    this.#configuration = configuration
    this.#since = { TimeoutAction: now }
  }

  /** The step is taken now; what came too early, if anything. */
  step({ action, before, step: { resetElectionTimer, server: s } }: TakenStep, now: number): string | undefined {
    const { electionTimeout, heartbeatInterval } = this.#configuration
    const [leads, led] = [s.role === "leader", before.role === "leader" && action !== "RestartAction"]
    const least = {
      TimeoutAction: electionTimeout.min,
      LeaderContactLostAction: electionTimeout.min,
      HeartbeatTimeoutAction: heartbeatInterval,
      CheckQuorumAction: electionTimeout.max
    }[action]
    const since = this.#since[action]
    const early = least !== undefined && now - (since ?? now) < enough * least
    if (leads && !led) this.#since["CheckQuorumAction"] = this.#since["HeartbeatTimeoutAction"] = now
    if (action === "CheckQuorumAction" || action === "HeartbeatTimeoutAction") this.#since[action] = now
    if (!leads && (led || resetElectionTimer)) this.#since["TimeoutAction"] = now
    if (s.leaderContact && resetElectionTimer) this.#since["LeaderContactLostAction"] = now
    return early ? `${s.id}: ${action} ${since === undefined ? "though nothing waits for it" : `after ${(now - since).toFixed(3)} ms`}` : undefined
  }
}
