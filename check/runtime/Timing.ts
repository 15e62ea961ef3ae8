/**
 * Whether a server's timers keep their promises: nothing runs out sooner than it was set to, nor much later. Raft is safe
 * whatever the timers do, so no other property would notice.
 */
import type { Configuration } from "../../src/shell/Configuration.ts"
import type { TakenStep } from "../../src/shell/Observer.ts"

type TimerAction = "TimeoutAction" | "LeaderContactLostAction" | "HeartbeatTimeoutAction" | "CheckQuorumAction"

/** The timer's step is due at the earliest and at the latest so many milliseconds after it was set. */
type Bounds = readonly [least: number, most: number]

/**
 * Between setting a timer and showing the step that did, or between the two ends of its waiting, a fiber may stand still:
 * a part of the time will do, and some more is no harm.
 */
const enough = 0.5
const slack = 30

/** A moment, in milliseconds: all that has passed, and of that what the server's machine didn't stand still. */
export interface Moment {
  readonly now: number
  readonly awake: number
}

/** One life of a server. */
export class Timing {
  readonly #bounds: Readonly<Record<TimerAction, Bounds>>
  readonly #checkQuorum: boolean
  /** Since when each timer has been set; those that aren't are left out. */
  readonly #set: Map<TimerAction, Moment>

  constructor({ electionTimeout: { max, min }, heartbeatInterval, settings: { checkQuorum } }: Configuration, now: Moment) {
    this.#bounds = {
      TimeoutAction: [min, max],
      LeaderContactLostAction: [min, min],
      HeartbeatTimeoutAction: [heartbeatInterval, heartbeatInterval],
      CheckQuorumAction: [max, max]
    }
    this.#checkQuorum = checkQuorum
    this.#set = new Map([["TimeoutAction", now]])
  }

  /** The step is taken now; what came too early, or didn't come, if anything. */
  step({ action, before, step: { resetElectionTimer, server: s } }: TakenStep, now: Moment): string | undefined {
    const wrong = this.#early(action, now) ?? this.#overdue(now)
    const [leads, led] = [s.role === "leader", before.role === "leader" && action !== "RestartAction"]
    if (leads && !led) {
      this.#set.delete("TimeoutAction")
      this.#set.set("HeartbeatTimeoutAction", now)
      // Alone, it is a quorum, and nothing happens.
      if (this.#checkQuorum && s.members.length > 1) this.#set.set("CheckQuorumAction", now)
    }
    if (led && !leads) {
      this.#set.delete("HeartbeatTimeoutAction")
      this.#set.delete("CheckQuorumAction")
    }
    if (leads && (action === "HeartbeatTimeoutAction" || action === "CheckQuorumAction")) this.#set.set(action, now)
    if (!leads && (led || resetElectionTimer)) this.#set.set("TimeoutAction", now)
    if (!s.leaderContact) this.#set.delete("LeaderContactLostAction")
    else if (resetElectionTimer) this.#set.set("LeaderContactLostAction", now)
    return wrong === undefined ? undefined : `${s.id}: ${wrong}`
  }

  #early(action: string, { now }: Moment): string | undefined {
    if (!(action in this.#bounds)) return undefined
    const since = this.#set.get(action as TimerAction)
    if (since === undefined) return `${action}, though nothing waits for it`
    const [least] = this.#bounds[action as TimerAction]
    return now - since.now < enough * least ? `${action} after ${(now - since.now).toFixed(3)} ms` : undefined
  }

  #overdue({ awake }: Moment): string | undefined {
    for (const [action, since] of this.#set) {
      const waited = awake - since.awake
      if (waited > this.#bounds[action][1] + slack) return `no ${action} within ${waited.toFixed(3)} ms`
    }
    return undefined
  }
}
