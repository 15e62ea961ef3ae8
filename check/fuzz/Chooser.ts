/**
 * What a decision means in the world as it is: one act, so weighted that runs get somewhere. A decision that would do
 * nothing falls through to what can be done, so that nearly every decision is an event.
 */
import type { Operation } from "../../src/kv/Map.ts"
import type { ServerId } from "../../src/raft/Server.ts"
import type { Event } from "../cluster/Cluster.ts"
import { Random } from "../Random.ts"
import type { Act } from "./Act.ts"
import { Network, partitionKinds } from "./Network.ts"
import type { Run } from "./Run.ts"
import type { Schedule } from "./Schedule.ts"
import { weathers } from "./Weather.ts"
import type { Weather } from "./Weather.ts"

const kinds = [
  "deliver",
  "apply",
  "client",
  "heartbeat",
  "timeout",
  "contactLost",
  "checkQuorum",
  "late",
  "lose",
  "crash",
  "restart",
  "snapshot",
  "divide",
  "heal",
  "sync",
  "syncFails",
  "damage"
] as const satisfies ReadonlyArray<keyof Weather>

type Kind = (typeof kinds)[number]

/** Clients at any one time, and keys: few, so that operations meet. */
const clientCount = 4
const keys = ["k0", "k1"]

/** What each server's clock is ahead of the count of decisions, which is time. */
const skews = [0, 60, -45, 25, -20, 40, 10]

/** Commands that a client has under way at a time. */
const window = 3

export class Chooser {
  readonly #run: Run
  readonly #network: Network
  readonly #weather: Weather
  readonly #table: ReadonlyArray<Kind>
  /** As many numbers as one decision needs. */
  readonly #dice = new Random()
  /** Who takes each client's place now; one who gives up is followed by a new one. */
  readonly #clients = Array.from({ length: clientCount }, (_, n) => n + 1)
  #nextClient = clientCount + 1
  /** The value each key probably has, to expect it. */
  readonly #guess = new Map<string, string>()
  #values = 0
  #decisions = 0

  constructor(run: Run, schedule: Schedule) {
    this.#run = run
    this.#network = new Network(run.cluster)
    this.#weather = weathers[schedule.weather]!
    this.#table = kinds.flatMap((kind) => {
      const perServer = kind === "deliver" || kind === "apply" || kind === "contactLost" || kind === "snapshot"
      return Array.from({ length: this.#weather[kind] * (perServer ? schedule.servers : 1) }, () => kind)
    })
  }

  /** The act; `undefined` where the decision only changes the network, or nothing can happen. */
  choose(decision: number): Act | undefined {
    this.#dice.reset(decision)
    this.#decisions++
    this.#network.carry((m) =>
      m.type === "AppendEntriesRequest" && this.#dice.percent(this.#weather.lostAppendsPercent)
    )
    const act = this.#act(this.#table[this.#dice.below(this.#table.length)]!)
    if (act === undefined) return undefined
    switch (act.type) {
      case "unheard":
      case "giveUp":
      case "crash":
      case "restart":
      case "sync":
      case "sync-fails":
      case "damage":
        return act
    }
    if (this.#dice.percent(this.#weather.cutPercent)) return { ...act, cut: this.#dice.below(4) }
    return act.type !== "snapshot" && this.#staysUnsynced(act) ? { ...act, unsynced: true } : act
  }

  /**
   * Who has records under way mostly goes on so. (Alone, a server commits before its disk knows; what nobody can have
   * heard of isn't committed for the properties' sake.)
   */
  #staysUnsynced(act: Exclude<Act, { type: "unheard" | "giveUp" }>): boolean {
    const { cluster } = this.#run
    const server = act.type === "deliver" ? cluster.sent[act.message]!.dest : act.server
    return cluster.ids.length > 1
      && this.#dice.percent(cluster.unsynced(server) > 0 ? 80 : this.#weather.unsyncedPercent)
  }

  #act(kind: Kind): Act | undefined {
    switch (kind) {
      case "deliver":
        return this.#deliver() ?? this.#apply() ?? this.#client() ?? this.#idle()
      case "apply":
        return this.#apply() ?? this.#act("deliver")
      case "client":
        return this.#client() ?? this.#act("deliver")
      case "heartbeat":
        return this.#heartbeat() ?? this.#act("deliver")
      case "timeout":
        return this.#timeout() ?? this.#act("deliver")
      case "contactLost":
        return this.#contactLost() ?? this.#act("deliver")
      case "checkQuorum":
        return this.#checkQuorum() ?? this.#act("deliver")
      case "late":
        return this.#late() ?? this.#act("deliver")
      case "lose":
        this.#network.take(this.#dice.below(this.#run.cluster.ids.length), this.#dice.below(8))
        return undefined
      case "crash": {
        const server = this.#up(() => true)
        return server === undefined ? undefined : { type: "crash", server, keeps: this.#keeps(server) }
      }
      case "restart":
        return this.#restart()
      case "snapshot":
        return this.#snapshot() ?? this.#act("deliver")
      case "divide":
        return this.#divide()
      case "heal":
        this.#network.heal()
        return undefined
      case "sync": {
        const server = this.#up((id) => this.#run.cluster.unsynced(id) > 0)
        return server === undefined ? this.#act("deliver") : { type: "sync", server }
      }
      case "syncFails": {
        const server = this.#up((id) => this.#run.cluster.unsynced(id) > 0)
        return server === undefined ? this.#act("deliver") : { type: "sync-fails", server, keeps: this.#keeps(server) }
      }
      case "damage":
        return this.#damage() ?? this.#act("deliver")
    }
  }

  /** How many of the records under way a crash leaves: any number. */
  #keeps(server: ServerId): number {
    return this.#dice.below(this.#run.cluster.unsynced(server) + 1)
  }

  /** A minority of the disks may be beyond repair, in one run of some: else there would be little left to see. */
  #damage(): Event | undefined {
    const { damaged, down, ids } = this.#run.cluster
    if (2 * (damaged.size + 1) >= ids.length) return undefined
    const server = [...down].find((id) => !damaged.has(id))
    return server === undefined || !this.#dice.percent(30) ? undefined : { type: "damage", server }
  }

  /** Nothing is on its way: time passes, and troubles do. */
  #idle(): Act | undefined {
    if (this.#dice.percent(40)) this.#network.heal()
    const back = this.#run.cluster.down.size > 0 && this.#dice.percent(40) ? this.#restart() : undefined
    return back ?? this.#leaderGone() ?? this.#heartbeat() ?? this.#timeout() ?? this.#restart()
  }

  /** A server that is up and for which `wanted` holds; which one is tried first is chance. */
  #up(wanted: (id: ServerId) => boolean): ServerId | undefined {
    const { down, ids } = this.#run.cluster
    const start = this.#dice.below(ids.length)
    for (let n = 0; n < ids.length; n++) {
      const id = ids[(start + n) % ids.length]!
      if (!down.has(id) && wanted(id)) return id
    }
    return undefined
  }

  #leader(): ServerId | undefined {
    const { cluster } = this.#run
    return this.#up((id) => cluster.memory(id).role === "leader")
  }

  #deliver(): Event | undefined {
    const { down, ids } = this.#run.cluster
    const nth = this.#dice.percent(this.#weather.reorderPercent) ? this.#dice.below(64) : 0
    const start = this.#dice.below(ids.length)
    for (let n = 0; n < ids.length; n++) {
      const dest = (start + n) % ids.length
      const message = down.has(ids[dest]!) ? undefined : this.#network.take(dest, nth)
      if (message !== undefined) return { type: "deliver", message }
    }
    return undefined
  }

  /** A message again, or one that was lost or held up: a recent one, or any answer to somebody who asks now. */
  #late(): Event | undefined {
    const { cluster } = this.#run
    const { down, sent } = cluster
    const asking = this.#dice.percent(40) ? this.#up((id) => cluster.memory(id).role !== "follower") : undefined
    const answers = asking === undefined ? undefined : this.#network.answers(asking)
    const count = answers === undefined ? sent.length : answers.length
    if (count === 0) return undefined
    const recent = this.#dice.percent(answers === undefined ? 70 : 30)
    const nth = count - 1 - this.#dice.below(recent ? Math.min(30, count) : count)
    const message = answers === undefined ? nth : answers[nth]!
    const m = sent[message]!
    return down.has(m.dest) || !this.#network.open(m) ? undefined : { type: "deliver", message }
  }

  #apply(): Act | undefined {
    const { cluster } = this.#run
    const server = this.#up((id) => {
      const s = cluster.memory(id)
      return s.lastApplied < s.commitIndex
    })
    if (server === undefined) return undefined
    return this.#dice.percent(8) ? { type: "unheard", server } : { type: "apply", server }
  }

  #snapshot(): Event | undefined {
    const { cluster } = this.#run
    const server = this.#up((id) => {
      const s = cluster.memory(id)
      return s.lastApplied > s.log.lastIncludedIndex && cluster.unsynced(id) === 0
    })
    return server === undefined ? undefined : { type: "snapshot", server }
  }

  #heartbeat(): Event | undefined {
    const server = this.#leader()
    return server === undefined ? undefined : { type: "heartbeat", server }
  }

  #timeout(): Event | undefined {
    const { cluster } = this.#run
    const server = this.#up((id) => cluster.memory(id).role !== "leader")
    return server === undefined ? undefined : { type: "timeout", server }
  }

  /** Soonest where the leader is gone; now and then also where it is only slow. */
  #contactLost(): Event | undefined {
    const { cluster } = this.#run
    const gone = this.#leaderGone()
    if (gone !== undefined || !this.#dice.percent(50)) return gone
    const server = this.#up((id) => cluster.memory(id).leaderContact)
    return server === undefined ? undefined : { type: "contact-lost", server }
  }

  /** One that no leader of its term reaches any more loses contact. */
  #leaderGone(): Event | undefined {
    const { cluster } = this.#run
    const { down, ids } = cluster
    const server = this.#up((dest) => {
      const s = cluster.memory(dest)
      return s.leaderContact && !ids.some((source) => {
        const l = cluster.memory(source)
        return l.role === "leader" && l.currentTerm === s.currentTerm && !down.has(source)
          && this.#network.open({ source, dest })
      })
    })
    return server === undefined ? undefined : { type: "contact-lost", server }
  }

  #checkQuorum(): Event | undefined {
    const server = this.#leader()
    return server === undefined ? undefined : { type: "check-quorum", server }
  }

  #restart(): Event | undefined {
    const { damaged, ids } = this.#run.cluster
    const down = [...this.#run.cluster.down].filter((id) => !damaged.has(id))
    if (down.length > 0) return { type: "restart", server: down[this.#dice.below(down.length)]! }
    const server = ids[this.#dice.below(ids.length)]!
    return this.#dice.percent(20) && !damaged.has(server) ? { type: "restart", server } : undefined
  }

  #divide(): undefined {
    const { cluster } = this.#run
    const { ids } = cluster
    const order = ids.map((_, n) => n)
    for (let n = order.length - 1; n > 0; n--) {
      const other = this.#dice.below(n + 1)
      const place = order[n]!
      order[n] = order[other]!
      order[other] = place
    }
    // A partition matters most for the leader.
    const leader = order.findIndex((n) => cluster.memory(ids[n]!).role === "leader")
    if (leader > 0 && this.#dice.percent(70)) order.unshift(...order.splice(leader, 1))
    const kind = partitionKinds[this.#dice.below(partitionKinds.length)]!
    this.#network.divide(kind, order, this.#dice.percent(50))
    this.#run.counter.count(`partition.${kind}`)
  }

  #client(): Act | undefined {
    const place = this.#dice.below(clientCount)
    const client = this.#clients[place]!
    // Clients ask a leader if there is one, and now and then somebody who isn't.
    const leader = this.#dice.percent(90) ? this.#leader() : undefined
    const server = leader ?? this.#up(() => true)
    if (server === undefined) return undefined
    const { clients, cluster } = this.#run
    const time = Math.max(0, this.#decisions + skews[cluster.ids.indexOf(server) % skews.length]!)
    const asking = { server, client, time }
    const asked = clients.asked(client)
    if (leader !== undefined && asked > 1 && this.#dice.percent(5)) {
      return { type: "echo", nth: 1 + this.#dice.below(Math.min(4, asked)), ...asking }
    }
    if (leader === undefined && this.#dice.percent(90)) return undefined
    if (!clients.state(client).open) {
      // It asks for a session until it has one; mostly once.
      const waits = clients.copy(client, 1)?.type === "open"
      return !waits || this.#dice.percent(15) ? { type: "open", ...asking } : undefined
    }
    const waiting = clients.state(client).waiting.size
    if (waiting === 0 || (waiting < window && this.#dice.percent(10))) {
      return { type: "call", operation: this.#operation(), ...asking }
    }
    if (this.#dice.below(200) === 0) {
      this.#clients[place] = this.#nextClient++
      return { type: "giveUp", client }
    }
    return this.#dice.percent(12)
      ? { type: "again", nth: 1 + this.#dice.below(waiting), ...asking }
      : undefined
  }

  #operation(): Operation {
    const key = keys[this.#dice.below(keys.length)]!
    const value = `v${++this.#values}`
    const dice = this.#dice.below(10)
    if (dice < 3) return { op: "get", key }
    if (dice < 5) return { op: "append", key, value: `.${value}` }
    if (dice < 6) return { op: "delete", key }
    if (dice < 8) {
      const from = this.#dice.percent(30) ? null : this.#guess.get(key) ?? null
      this.#guess.set(key, value)
      return { op: "cas", key, from, to: value }
    }
    this.#guess.set(key, value)
    return { op: "put", key, value }
  }
}
