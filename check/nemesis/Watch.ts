/** What the servers say of themselves, over time (`/status` of src/shell/operating/Http.ts). */
import * as Effect from "effect/Effect"
import type { Role, ServerId, Term } from "../../src/raft/Server.ts"
import type { Status } from "../../src/shell/Replica.ts"
import type { ServerProcess } from "./Processes.ts"

/** From then on, until its server's next: what it did. `silent`: runs, and doesn't answer. */
export interface Sighting {
  /** Milliseconds of the run. */
  readonly time: number
  readonly server: ServerId
  readonly role: Role | "silent" | "stopped" | "down"
  readonly term: Term
}

/** Milliseconds between two looks, and after which a server is silent. */
const interval = 40
const patience = 400

export class Watch {
  readonly sightings: Array<Sighting> = []
  /** What each has said last, if it has answered the last look. */
  readonly statuses = new Map<ServerId, Status>()
  readonly #servers: ReadonlyMap<ServerId, { readonly process: ServerProcess; readonly http: number }>
  readonly #now: () => number
  /** Who leads which term. */
  readonly leaders = new Map<Term, ServerId>()

  constructor(
    servers: ReadonlyMap<ServerId, { readonly process: ServerProcess; readonly http: number }>,
    now: () => number
  ) {
    this.#servers = servers
    this.#now = now
  }

  /** The leader of the latest term, if it still says so. */
  get leader(): Status | undefined {
    const leaders = [...this.statuses.values()].filter(({ role }) => role === "leader")
    return leaders.toSorted((a, b) => b.term - a.term)[0]
  }

  /** The latest term of which a leader was seen. */
  get term(): Term {
    return Math.max(0, ...this.leaders.keys())
  }

  /** Looks on and on; at each server by itself, for some don't answer. */
  readonly look: Effect.Effect<void> = Effect.suspend(() =>
    Effect.forEach(
      this.#servers.keys(),
      (id) => Effect.promise(() => this.#lookAt(id)).pipe(Effect.andThen(Effect.sleep(interval)), Effect.forever),
      { concurrency: "unbounded", discard: true }
    )
  )

  /** Waits until it is so; whether it was, in so many milliseconds. */
  until(holds: () => boolean, milliseconds: number): Effect.Effect<boolean> {
    const wait: Effect.Effect<boolean> = Effect.suspend(() =>
      holds() ? Effect.succeed(true) : Effect.andThen(Effect.sleep(10), wait)
    )
    return Effect.timeoutOrElse(wait, { duration: milliseconds, orElse: () => Effect.succeed(false) })
  }

  async #lookAt(id: ServerId): Promise<void> {
    const { http, process } = this.#servers.get(id)!
    const { lives } = process
    let status: Status | undefined
    if (process.condition === "running") {
      try {
        const answer = await fetch(`http://127.0.0.1:${http}/status`, { signal: AbortSignal.timeout(patience) })
        status = await answer.json() as Status
      } catch {
        // It has just been started, or killed, or has no time.
      }
    }
    // An answer of an earlier life, or from before it was stopped, is none.
    if (process.condition !== "running" || process.lives !== lives) status = undefined
    if (status === undefined) this.statuses.delete(id)
    else this.statuses.set(id, status)
    if (status?.role === "leader") this.leaders.set(status.term, id)
    const role = status?.role ?? (process.condition === "running" ? "silent" : process.condition)
    const last = this.sightings.findLast(({ server }) => server === id)
    const term = status?.term ?? last?.term ?? 0
    if (last?.role !== role || last.term !== term) this.sightings.push({ time: this.#now(), server: id, role, term })
  }
}
