/**
 * The vocabulary of the MIT lab suites, on virtual time: a simulated cluster, a machine on each server that keeps the
 * commands it has applied, and whoever watches. Every property is checked after every event.
 *
 * The suites number commands: the first is 1, on every server. A leader opens its term with an entry of its own, so a
 * command's number isn't its index (DECISIONS 50).
 */
import { entryAt, lastIndex } from "../../src/raft/Server.ts"
import type { Log, Server, ServerId, Term } from "../../src/raft/Server.ts"
import { snapshotIsDue } from "../../src/shell/Compaction.ts"
import type { Configuration } from "../../src/shell/Configuration.ts"
import type { Cluster, Taken } from "../cluster/Cluster.ts"
import { firstDifference } from "../fuzz/Change.ts"
import { HistoryProperties } from "../fuzz/HistoryProperties.ts"
import { StateProperties, violatedByStep, violatedNow } from "../fuzz/StateProperties.ts"
import type { Process } from "./Clock.ts"
import { contents, roleLetter } from "../render/Notation.ts"
import { Simulation } from "./Simulation.ts"

/** What a scenario asserts doesn't hold. */
export class Failure extends Error {}

/** A command's number, and the term in which a leader took it. */
export interface Started {
  readonly number: number
  readonly term: Term
}

/** The tester's patience; a new leader is expected within five of it. Milliseconds, as all of these. */
export const electionPatience = 1000
/** One agreement may take so long. */
const agreementLimit = 10_000
/** And so long with one leader. */
const acceptedLimit = 2_000

/** A machine in pieces, each small beside a message: the commands as text, cut up. */
const toPieces = (commands: ReadonlyArray<string>): ReadonlyArray<string> =>
  JSON.stringify(commands).match(/.{1,400}/gsu) ?? []

const fromPieces = (pieces: ReadonlyArray<string>): Array<string> =>
  pieces.length === 0 ? [] : JSON.parse(pieces.join("")) as Array<string>

/** The steps of which a failure tells. */
const remembered = 40

export class Harness {
  readonly simulation: Simulation
  readonly ids: ReadonlyArray<ServerId>
  /** The commands that each server has applied in its present life, in order; the first is command 1. */
  readonly machines = new Map<ServerId, Array<string>>()
  /** With 10: every server takes a snapshot after commands 9, 19, 29, …; 0: none ever. */
  snapshotEvery = 0
  /** What the first server to apply each command found there. */
  readonly #commands: Array<string> = []
  readonly #state: StateProperties
  readonly #history: HistoryProperties
  readonly #watched = new Map<string, () => boolean>()
  readonly #sizes = new WeakMap<Log, number>()
  readonly #log: Array<{ readonly time: number; readonly taken: Taken }> = []

  /** `observe` is shown every step that violates nothing. */
  constructor(configuration: Configuration, seed: number, observe: (taken: Taken, cluster: Cluster) => void = () => {}) {
    const pieces = (s: Server) => toPieces(this.machines.get(s.id)!)
    this.simulation = new Simulation(configuration, seed, (taken) => {
      this.#check(taken)
      observe(taken, this.simulation.cluster)
    }, pieces)
    const { cluster } = this.simulation
    this.ids = cluster.ids
    for (const id of this.ids) this.machines.set(id, [])
    this.#state = new StateProperties(cluster)
    this.#history = new HistoryProperties(cluster)
  }

  // Telling the story.

  get chance() {
    return this.simulation.chance
  }

  /** Cuts both directions. */
  disconnect(...ids: ReadonlyArray<ServerId>): void {
    for (const id of ids) this.simulation.network.disconnect(id)
  }

  connect(...ids: ReadonlyArray<ServerId>): void {
    for (const id of ids) this.simulation.network.connect(id)
  }

  crash(...ids: ReadonlyArray<ServerId>): void {
    for (const id of ids) this.simulation.crash(id)
  }

  /** Starts crashed servers with what their disks hold, connected. */
  restart(...ids: ReadonlyArray<ServerId>): void {
    for (const id of ids) this.simulation.restart(id)
    this.connect(...ids)
  }

  /** The server after `id`, or the `nth` after it, in a ring. */
  after(id: ServerId, nth = 1): ServerId {
    return this.ids[(this.ids.indexOf(id) + nth) % this.ids.length]!
  }

  isConnected(id: ServerId): boolean {
    return this.simulation.isUp(id) && this.simulation.network.isConnected(id)
  }

  /** Hands a command to the server; `undefined`: it isn't leader, or down. */
  start(id: ServerId, command: string): Started | undefined {
    if (!this.simulation.propose(id, command)) return undefined
    const s = this.simulation.cluster.servers.get(id)!
    let number = this.machines.get(id)!.length
    for (let k = s.lastApplied + 1; k <= lastIndex(s.log); k++) if (entryAt(s.log, k).type === "command") number++
    return { number, term: s.currentTerm }
  }

  // Asking for things.

  expect(holds: boolean, claim: string): void {
    if (!holds) throw new Failure(claim)
  }

  /** Asserts it after every event from now on, until told otherwise. */
  watch(claim: string, holds: () => boolean): void {
    this.#watched.set(claim, holds)
    this.expect(holds(), claim)
  }

  unwatch(claim: string): void {
    this.#watched.delete(claim)
  }

  leads(id: ServerId): boolean {
    return this.simulation.isUp(id) && this.simulation.cluster.servers.get(id)!.role === "leader"
  }

  term(id: ServerId): Term {
    return this.simulation.cluster.servers.get(id)!.currentTerm
  }

  /** Waits for a leader among those connected, and gives the one of the latest term. */
  *checkOneLeader(): Process<ServerId> {
    for (let tries = 0; tries < 10; tries++) {
      yield 450 + this.chance.below(100)
      const leaders = this.ids.filter((id) => this.isConnected(id) && this.leads(id))
      const terms = leaders.map((id) => this.term(id))
      this.expect(new Set(terms).size === terms.length, `one leader in a term, not ${leaders.join(" and ")}`)
      const latest = leaders.find((id) => this.term(id) === Math.max(...terms))
      if (latest !== undefined) return latest
    }
    throw new Failure("a leader, in 10 tries of about half a second")
  }

  /** None of those connected leads. */
  noLeader(): boolean {
    return !this.ids.some((id) => this.isConnected(id) && this.leads(id))
  }

  /** The term that all connected servers agree on. */
  checkTerms(): Term {
    const terms = new Set(this.ids.filter((id) => this.isConnected(id)).map((id) => this.term(id)))
    this.expect(terms.size === 1, `servers agree on the term, not ${[...terms].join(", ")}`)
    return [...terms][0]!
  }

  /** How many servers have applied command `number`. (That it is the same everywhere is checked when it is applied.) */
  applied(number: number): number {
    return [...this.machines.values()].filter((commands) => commands.length >= number).length
  }

  /** The command of that number, as applied first by anybody. */
  command(number: number): string | undefined {
    return this.#commands[number - 1]
  }

  /**
   * Waits until `count` servers have applied command `number`, about 30 s; gives the command, or `undefined` when a server
   * has left term `since` meanwhile.
   */
  *wait(number: number, count: number, since?: Term): Process<string | undefined> {
    for (let polls = 0, pause = 10; polls < 30 && this.applied(number) < count; polls++) {
      yield pause
      if (pause < 1000) pause *= 2
      if (since !== undefined && this.ids.some((id) => this.simulation.isUp(id) && this.term(id) > since)) return undefined
    }
    this.expect(this.applied(number) >= count, `command ${number} applied by ${count}, not ${this.applied(number)}`)
    return this.command(number)
  }

  /**
   * One agreement: the command is handed to a leader, again with `retry` if nothing comes of it, until `count` servers
   * have applied it; gives its number.
   */
  *one(command: string, count: number, retry = true): Process<number> {
    const { clock } = this.simulation
    const end = clock.now + agreementLimit
    for (let first = this.ids[0]!; clock.now < end;) {
      let started: Started | undefined
      for (let n = 0; n < this.ids.length && started === undefined; n++) {
        first = this.after(first)
        if (this.isConnected(first)) started = this.start(first, command)
      }
      if (started === undefined) {
        yield 50
        continue
      }
      for (const accepted = clock.now; clock.now < accepted + acceptedLimit;) {
        if (this.applied(started.number) >= count && this.command(started.number) === command) return started.number
        yield 20
      }
      this.expect(retry, `"${command}" applied by ${count} within ${acceptedLimit} ms`)
    }
    throw new Failure(`agreement on "${command}" by ${count} within ${agreementLimit} ms`)
  }

  /** What server `id` has on disk besides its snapshot, in bytes, as JSON. */
  logSize(id: ServerId): number {
    const { currentTerm, log, votedFor } = this.simulation.cluster.disks.get(id)!
    let size = this.#sizes.get(log)
    if (size === undefined) this.#sizes.set(log, size = Buffer.byteLength(JSON.stringify({ currentTerm, votedFor, log })))
    return size
  }

  /** Requests delivered to all servers so far. */
  requests(): number {
    return this.ids.reduce((sum, id) => sum + this.simulation.network.received(id), 0)
  }

  // Watching.

  #check(taken: Taken): void {
    const { cluster, clock } = this.simulation
    // Applying says nothing that the step which committed didn't.
    if (taken.action !== "ApplyAction") this.#log.push({ time: clock.now, taken })
    if (this.#log.length > remembered) this.#log.shift()
    const change = { taken, firstChanged: firstDifference(taken.before.log, taken.step.server.log) }
    const violated = violatedByStep(cluster, change) ?? this.#state.check(change) ?? this.#history.check(change)
    if (violated !== undefined) throw new Failure(violated)
    this.#apply(taken)
    for (const [claim, holds] of this.#watched) this.expect(holds(), claim)
  }

  /** The machine's part of the step, and whether all machines agree. */
  #apply({ action, before, server, step: { server: s } }: Taken): void {
    if (action === "RestartAction" || s.snapshot !== before.snapshot) {
      const commands = fromPieces(s.snapshot.data)
      const entries = this.simulation.cluster.ghost.committed.slice(0, s.log.lastIncludedIndex)
      this.expect(
        commands.length === entries.filter(({ entry }) => entry.type === "command").length
          && commands.every((command, n) => command === this.#commands[n]),
        `the snapshot at ${s.log.lastIncludedIndex} of ${server} is what was applied up to there`
      )
      if (action !== "SnapshotAction") this.machines.set(server, commands)
    }
    if (action !== "ApplyAction") return
    if (snapshotIsDue(s, this.simulation.configuration.maxRaftStateBytes)) this.#takeSnapshotSoon(server)
    const entry = entryAt(s.log, s.lastApplied)
    if (entry.type !== "command") return
    const commands = this.machines.get(server)!
    commands.push(entry.value)
    const known = this.#commands[commands.length - 1] ??= entry.value
    this.expect(
      known === entry.value,
      `command ${commands.length} is "${known}" everywhere, not "${entry.value}" at ${server}`
    )
    if (this.snapshotEvery > 0 && commands.length % this.snapshotEvery === this.snapshotEvery - 1) {
      this.#takeSnapshotSoon(server)
    }
  }

  /** A step of its own, after the one that is being looked at. */
  #takeSnapshotSoon(server: ServerId): void {
    this.simulation.clock.after(0, () => this.simulation.takeSnapshot(server))
  }

  /** At the end of a story: the definitions of all properties, in full. */
  finish(): void {
    const [violated] = violatedNow(this.simulation.cluster)
    if (violated !== undefined) throw new Failure(`${violated} (in full)`)
  }

  /** The last steps, a line each: when, who, what, and what the server is then. */
  lastSteps(): string {
    const { sent } = this.simulation.cluster
    return this.#log.map(({ time, taken: { action, consumed, server, step: { server: s } } }) => {
      const m = consumed === undefined ? undefined : sent[consumed]!
      const what = m === undefined ? action : `${m.type} from ${m.source}: ${contents(m)}`
      const state = `${roleLetter[s.role]} t${s.currentTerm} c${s.commitIndex} last ${lastIndex(s.log)}`
      return `${time.toFixed(1).padStart(9)} ${server}  ${state.padEnd(22)} ${what.slice(0, 90)}`
    }).join("\n")
  }
}
