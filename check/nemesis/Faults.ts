/**
 * What may befall a cluster, and how we know that it did: a fault that nobody felt has tested nothing. Each strikes, lasts,
 * ends, and then says what it has done.
 */
import * as Effect from "effect/Effect"
import type { ServerId, Term } from "../../src/raft/Server.ts"
import type { Random } from "../Random.ts"
import type { Clients } from "./Clients.ts"
import type { Network, Way } from "./Network.ts"
import type { ServerProcess } from "./Processes.ts"
import type { Conditions, Toll } from "./Proxy.ts"
import type { Watch } from "./Watch.ts"

/** Where it happens. */
export interface Scene {
  readonly servers: ReadonlyMap<ServerId, ServerProcess>
  readonly network: Network
  readonly watch: Watch
  readonly clients: Clients
  readonly random: Random
  /** Microseconds of the run. */
  readonly now: () => number
  /** What a server has read from its disk at the start of a life, from 1, in words; `undefined`: nothing. */
  readonly recovery: (server: ServerId, life: number) => string | undefined
}

/** Whether it was felt, and by what one sees that. */
export interface Bite {
  readonly bit: boolean
  readonly evidence: string
}

/** A fault under way. */
export interface Strike {
  /** Whom it struck. */
  readonly label: string
  readonly end: Effect.Effect<void>
  /** Asked when the cluster is well again. */
  readonly bite: () => Bite
}

export interface Fault {
  readonly name: string
  /** Groups of bars in pictures. */
  readonly kind: "kill" | "stop" | "partition" | "link"
  /** Milliseconds. */
  readonly lasts: number
  readonly strike: (scene: Scene) => Effect.Effect<Strike>
}

const ids = ({ servers }: Scene) => [...servers.keys()]
const minorityOf = (scene: Scene) => Math.floor((scene.servers.size - 1) / 2)

/** In an order of chance. */
const shuffled = <A>(all: ReadonlyArray<A>, random: Random): ReadonlyArray<A> =>
  all.map((a) => ({ a, place: random.fraction() })).sort((a, b) => a.place - b.place).map(({ a }) => a)

/** Who leads, or, if nobody does just now, anybody. */
const leaderOf = (scene: Scene): ServerId => scene.watch.leader?.id ?? scene.random.of(ids(scene))
const followers = (scene: Scene): ReadonlyArray<ServerId> => {
  const leader = leaderOf(scene)
  return shuffled(ids(scene).filter((id) => id !== leader), scene.random)
}

const all = (...bites: ReadonlyArray<Bite>): Bite => ({
  bit: bites.every(({ bit }) => bit),
  evidence: bites.map(({ evidence }) => evidence).join("; ")
})

/** Another leads, or the same one anew, in a later term than that in which it was struck. */
const deposed = ({ watch }: Scene, term: Term): Bite =>
  watch.term > term
    ? { bit: true, evidence: `${watch.leaders.get(watch.term)} leads term ${watch.term} after ${term}` }
    : { bit: false, evidence: `term ${term} went on` }

// Processes.

const kill = (name: string, choose: (scene: Scene) => ReadonlyArray<ServerId>): Fault => ({
  name,
  kind: "kill",
  lasts: 900,
  strike: Effect.fnUntraced(function*(scene) {
    const struck = choose(scene).map((id) => scene.servers.get(id)!)
    const term = scene.watch.term
    const led = struck.some(({ id }) => id === scene.watch.leader?.id)
    yield* Effect.promise(() => Promise.all(struck.map((server) => server.kill())))
    const from = scene.now()
    let to = from
    return {
      label: struck.map(({ id }) => id).join(" "),
      end: Effect.sync(() => {
        to = scene.now()
        for (const server of struck) server.start()
      }),
      bite: () => {
        const found = struck.map(({ id, lives }): Bite => {
          const recovery = scene.recovery(id, lives)
          return { bit: recovery !== undefined, evidence: `${id} read ${recovery ?? "nothing"}` }
        })
        const isDead = struck.length > minorityOf(scene)
        return all(...found, ...led ? [deposed(scene, term)] : [], ...isDead ? [silence(scene, from, to)] : [])
      }
    }
  })
})

/** Without a majority nothing may be answered; if nobody asked for anything, that says nothing. */
const silence = ({ clients }: Scene, from: number, to: number): Bite => {
  const { answered, inVain } = clients.during(from, to)
  const evidence = `${inVain} operations in vain${answered > 0 ? `, but ${answered} were answered without a majority` : ""}`
  return { bit: answered === 0 && inVain > 0, evidence }
}

const stop = (name: string, choose: (scene: Scene) => ServerId): Fault => ({
  name,
  kind: "stop",
  lasts: 1_200,
  strike: (scene) =>
    Effect.sync(() => {
      const id = choose(scene)
      const { term } = scene.watch
      const led = scene.watch.leader?.id === id
      const commit = () => Math.max(0, ...[...scene.watch.statuses.values()].map(({ commitIndex }) => commitIndex))
      const before = commit()
      let missed = 0
      scene.servers.get(id)!.stop()
      return {
        label: id,
        end: Effect.sync(() => {
          missed = commit() - before
          scene.servers.get(id)!.goOn()
        }),
        bite: () =>
          led
            ? deposed(scene, term)
            : { bit: missed > 0, evidence: `${missed} entries were committed without it` }
      }
    })
})

// Links.

/** A condition of the links that are chosen, and the count that shows it. */
const links = (
  name: string,
  kind: Fault["kind"],
  conditions: Partial<Conditions>,
  choose: (scene: Scene) => { readonly label: string; readonly which: (way: Way) => boolean; readonly deposes?: boolean },
  evidence: (toll: Toll) => Bite
): Fault => ({
  name,
  kind,
  lasts: 1_300,
  strike: (scene) =>
    Effect.sync(() => {
      const { label, which, deposes = false } = choose(scene)
      const { term } = scene.watch
      const before = scene.network.toll()
      let toll = before
      scene.network.make(conditions, which)
      return {
        label,
        end: Effect.sync(() => {
          const now = scene.network.toll()
          toll = Object.fromEntries(Object.entries(now).map(([k, n]) => [k, n - before[k as keyof Toll]])) as unknown as Toll
          scene.network.heal()
        }),
        bite: () => deposes ? all(evidence(toll), deposed(scene, term)) : evidence(toll)
      }
    })
})

const partition = (
  name: string,
  choose: (scene: Scene) => { readonly label: string; readonly which: (way: Way) => boolean; readonly deposes?: boolean }
) =>
  links(name, "partition", { blocked: true }, choose, ({ blockedBytes, refused }) => ({
    bit: blockedBytes > 0,
    evidence: `${blockedBytes} bytes held${refused > 0 ? `, ${refused} connections refused` : ""}`
  }))

const count = (name: string, conditions: Partial<Conditions>, of: "delayed" | "throttled" | "lost" | "doubled" | "overtaken") =>
  links(name, "link", conditions, () => ({ label: "all links", which: () => true }), (toll) => ({
    bit: toll[of] > 0,
    evidence: `${toll[of]} frames ${of}, ${toll.passed} passed`
  }))

/** Groups that don't hear each other. */
const apart = (groups: ReadonlyArray<ReadonlyArray<ServerId>>) => ({
  label: groups.map((group) => group.join(" ")).join(" | "),
  which: ({ from, to }: Way) => !groups.some((group) => group.includes(from) && group.includes(to))
})

/** Everything that can befall a cluster of three servers or more. */
export const faults: ReadonlyArray<Fault> = [
  kill("kill-leader", (scene) => [leaderOf(scene)]),
  kill("kill-one", (scene) => followers(scene).slice(0, 1)),
  kill("kill-minority", (scene) => shuffled(ids(scene), scene.random).slice(0, minorityOf(scene))),
  kill("kill-majority", (scene) => shuffled(ids(scene), scene.random).slice(0, minorityOf(scene) + 1)),
  kill("kill-all", ids),
  stop("stop-leader", leaderOf),
  stop("stop-one", (scene) => followers(scene)[0]!),
  partition("isolate-leader", (scene) => ({ ...apart([[leaderOf(scene)], followers(scene)]), deposes: true })),
  partition("halves", (scene) => {
    const some = shuffled(ids(scene), scene.random)
    const [few, most] = [some.slice(0, minorityOf(scene)), some.slice(minorityOf(scene))]
    return { ...apart([few, most]), deposes: few.includes(leaderOf(scene)) }
  }),
  // Two halves that only one server hears both of. Each half has a majority with it; the leader has half a cluster to lose.
  partition("bridge", (scene) => {
    const bridge = followers(scene)[0]!
    const others = shuffled(ids(scene).filter((id) => id !== bridge), scene.random)
    const half = Math.floor(others.length / 2)
    const [left, right] = [others.slice(0, half), others.slice(half)]
    const { which } = apart([left, right])
    return {
      label: `${left.join(" ")} | ${right.join(" ")}, ${bridge} hears both`,
      which: (way) => way.from !== bridge && way.to !== bridge && which(way)
    }
  }),
  // Each hears its two neighbours only, or, of three servers, the one before it.
  partition("ring", (scene) => {
    const some = shuffled(ids(scene), scene.random)
    const next = (id: ServerId) => some[(some.indexOf(id) + 1) % some.length]
    const hears = ({ from, to }: Way) => next(from) === to || (some.length > 3 && next(to) === from)
    return { label: some.join(" → "), which: (way) => !hears(way) }
  }),
  // It hears the others, who don't hear it.
  partition("leader-unheard", (scene) => {
    const leader = leaderOf(scene)
    return { label: leader, which: ({ from }) => from === leader, deposes: true }
  }),
  // The others hear it; CheckQuorum makes it step down.
  partition("leader-deaf", (scene) => {
    const leader = leaderOf(scene)
    return { label: leader, which: ({ to }) => to === leader, deposes: true }
  }),
  count("delay", { delay: 30, jitter: 60 }, "delayed"),
  count("rate-limit", { bytesPerSecond: 20_000 }, "throttled"),
  count("lose", { lost: 15 }, "lost"),
  count("double", { doubled: 30 }, "doubled"),
  count("overtake", { overtaken: 30 }, "overtaken")
]
