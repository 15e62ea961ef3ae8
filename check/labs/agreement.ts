/** The Raft suite of the MIT labs, part B: agreement on commands. */
import type { ServerId } from "../../src/raft/Server.ts"
import { join } from "../simulator/Clock.ts"
import type { Process } from "../simulator/Clock.ts"
import { electionPatience, Failure } from "../simulator/Harness.ts"
import type { Harness, Started } from "../simulator/Harness.ts"
import { reliable, unreliable } from "../simulator/Network.ts"
import type { Lab } from "./Lab.ts"
import { scenario } from "./Lab.ts"

/** Whom the leader isn't. */
const followersOf = (h: Harness, leader: ServerId): ReadonlyArray<ServerId> => h.ids.filter((id) => id !== leader)

/** A leader that takes the command. */
const startAt = (h: Harness, leader: ServerId, command: string): Started => {
  const started = h.start(leader, command)
  h.expect(started !== undefined, `${leader} takes "${command}"`)
  return started!
}

/** Nobody applies command `number` in the next 2 s, at any moment. */
function* neverApplied(h: Harness, number: number): Process<void> {
  const claim = `command ${number} isn't applied`
  h.watch(claim, () => h.applied(number) === 0)
  yield 2 * electionPatience
  h.unwatch(claim)
}

export const agreement: ReadonlyArray<Lab> = [
  scenario("RB-1", "BasicAgree: the i-th command is command i on all servers, and none before it is submitted", 3, function*(h) {
    for (let number = 1; number <= 3; number++) {
      h.expect(h.applied(number) === 0, `command ${number} isn't there before it is submitted`)
      h.expect((yield* h.one(`${100 * number}`, 3, false)) === number, `it is command ${number}`)
    }
  }),

  scenario("RB-2", "RPCBytes: 10 commands of 5,000 B go to each server once", 3, function*(h) {
    yield* h.one("99", 3, false)
    const before = h.simulation.network.bytes
    for (let n = 0; n < 10; n++) yield* h.one(String(n).repeat(5000), 3, false)
    const bytes = h.simulation.network.bytes - before
    h.expect(bytes <= 3 * 50_000 + 50_000, `at most 200,000 B, not ${bytes}`)
    return `${bytes} B`
  }),

  scenario("RB-3", "FollowerFailure: two of three agree, one alone doesn't", 3, function*(h) {
    yield* h.one("101", 3, false)
    const leader1 = yield* h.checkOneLeader()
    h.disconnect(h.after(leader1))
    yield* h.one("102", 2, false)
    yield electionPatience
    yield* h.one("103", 2, false)
    const leader2 = yield* h.checkOneLeader()
    h.disconnect(h.after(leader2), h.after(leader2, 2))
    h.expect(startAt(h, leader2, "104").number === 4, "it is command 4")
    yield* neverApplied(h, 4)
  }),

  scenario("RB-4", "LeaderFailure: the others go on without their leader, and one alone doesn't", 3, function*(h) {
    yield* h.one("101", 3, false)
    h.disconnect(yield* h.checkOneLeader())
    yield* h.one("102", 2, false)
    yield electionPatience
    yield* h.one("103", 2, false)
    h.disconnect(yield* h.checkOneLeader())
    for (const id of h.ids) h.start(id, "104")
    yield* neverApplied(h, 4)
  }),

  scenario("RB-5", "FailAgree: a follower that comes back learns what it missed", 3, function*(h) {
    yield* h.one("101", 3, false)
    const leader = yield* h.checkOneLeader()
    h.disconnect(h.after(leader))
    yield* h.one("102", 2, false)
    yield* h.one("103", 2, false)
    yield electionPatience
    yield* h.one("104", 2, false)
    yield* h.one("105", 2, false)
    h.connect(h.after(leader))
    yield* h.one("106", 3)
    yield electionPatience
    yield* h.one("107", 3)
  }),

  scenario("RB-6", "FailNoAgree: three of five down, nothing commits; afterwards all agree", 5, function*(h) {
    yield* h.one("10", 5, false)
    const leader = yield* h.checkOneLeader()
    const cut = [h.after(leader), h.after(leader, 2), h.after(leader, 3)]
    h.disconnect(...cut)
    h.expect(startAt(h, leader, "20").number === 2, "it is command 2")
    yield* neverApplied(h, 2)
    h.connect(...cut)
    const { number } = startAt(h, yield* h.checkOneLeader(), "30")
    h.expect(number === 2 || number === 3, "the new leader may have kept command 2, or not")
    yield* h.one("1000", 5)
  }),

  scenario("RB-7", "ConcurrentStarts: commands submitted at once in one term all commit", 3, function*(h) {
    for (let tries = 0; tries < 5; tries++) {
      if (tries > 0) yield 3000
      const leader = yield* h.checkOneLeader()
      const first = h.start(leader, "1")
      if (first === undefined) continue
      const started = [100, 101, 102, 103, 104].map((command) => h.start(leader, `${command}`))
      if (started.some((one) => one?.term !== first.term)) continue
      const found: Array<string> = []
      for (const one of started) {
        const command = yield* h.wait(one!.number, 3, first.term)
        if (command !== undefined) found.push(command)
      }
      if (found.length < 5) continue
      h.expect(["100", "101", "102", "103", "104"].every((command) => found.includes(command)), "all five are there")
      return
    }
    throw new Failure("a term that lasts, in 5 tries")
  }),

  scenario("RB-8", "Rejoin: what a leader that was cut off took alone is gone when it returns", 3, function*(h) {
    yield* h.one("101", 3)
    const leader1 = yield* h.checkOneLeader()
    h.disconnect(leader1)
    for (const command of ["102", "103", "104"]) h.start(leader1, command)
    yield* h.one("103", 2)
    const leader2 = yield* h.checkOneLeader()
    h.disconnect(leader2)
    h.connect(leader1)
    yield* h.one("104", 2)
    h.connect(leader2)
    yield* h.one("105", 3)
  }),

  scenario("RB-9", "Backup: followers with long logs of their own are brought into line quickly", 5, function*(h) {
    const many = (leader: ServerId) => {
      for (let n = 0; n < 50; n++) h.start(leader, `${leader} ${n} ${h.simulation.clock.now}`)
    }
    yield* h.one("first", 5)
    const leader1 = yield* h.checkOneLeader()
    h.disconnect(h.after(leader1, 2), h.after(leader1, 3), h.after(leader1, 4))
    many(leader1)
    yield electionPatience / 2
    h.disconnect(leader1, h.after(leader1))
    h.connect(h.after(leader1, 2), h.after(leader1, 3), h.after(leader1, 4))
    for (let n = 0; n < 50; n++) yield* h.one(`second ${n}`, 3)
    const leader2 = yield* h.checkOneLeader()
    const other = [2, 3, 4].map((nth) => h.after(leader1, nth)).find((id) => id !== leader2)!
    h.disconnect(other)
    many(leader2)
    yield electionPatience / 2
    h.disconnect(...h.ids)
    h.connect(leader1, h.after(leader1), other)
    for (let n = 0; n < 50; n++) yield* h.one(`third ${n}`, 3)
    many(yield* h.checkOneLeader())
    h.connect(...h.ids)
    yield* h.one("last", 5)
  }),

  scenario("RB-10", "Count: few RPCs for an election, for 10 commands, and for a second of idleness", 3, function*(h) {
    const leader = yield* h.checkOneLeader()
    const elected = h.requests()
    h.expect(elected >= 1 && elected <= 30, `1 to 30 RPCs to elect, not ${elected}`)
    for (let tries = 0; tries < 5; tries++) {
      if (tries > 0) yield 3000
      const before = h.requests()
      const first = h.start(leader, "0")
      if (first === undefined) continue
      const started = Array.from({ length: 12 }, (_, n) => h.start(leader, `${n + 1}`))
      if (started.some((one, n) => one?.term !== first.term || one.number !== first.number + n + 1)) continue
      const found: Array<string | undefined> = []
      for (let n = 1; n <= 10; n++) found.push(yield* h.wait(first.number + n, 3, first.term))
      if (found.includes(undefined)) continue
      h.expect(found.every((command, n) => command === `${n + 1}`), "commands commit in order")
      const agreed = h.requests() - before
      h.expect(agreed <= (10 + 1 + 3) * 3, `at most 42 RPCs for 10 entries, not ${agreed}`)
      yield electionPatience
      const idle = h.requests() - before - agreed
      h.expect(idle <= 3 * 20, `at most 60 RPCs in an idle second, not ${idle}`)
      return `${elected} RPCs to elect, ${agreed} for 10 entries, ${idle} in an idle second`
    }
    throw new Failure("a term that lasts, in 5 tries")
  }),

  scenario("RC-1", "Persist1: all, the leader, a follower restart, and nothing is lost", 3, function*(h) {
    const bounce = (...ids: ReadonlyArray<ServerId>) => {
      h.crash(...ids)
      h.restart(...ids)
    }
    yield* h.one("11", 3)
    bounce(...h.ids)
    yield* h.one("12", 3)
    bounce(yield* h.checkOneLeader())
    yield* h.one("13", 3)
    const leader = yield* h.checkOneLeader()
    h.crash(leader)
    yield* h.one("14", 2)
    h.restart(leader)
    yield* h.wait(4, 3)
    const follower = followersOf(h, yield* h.checkOneLeader())[0]!
    h.crash(follower)
    yield* h.one("15", 2)
    h.restart(follower)
    yield* h.one("16", 3)
  }),

  scenario("RC-2", "Persist2: five servers, down in turns, lose none of 16 commands", 5, function*(h) {
    for (let number = 1; number <= 15;) {
      yield* h.one(`${10 + number++}`, 5)
      const leader = yield* h.checkOneLeader()
      const [next, second, third, fourth] = [1, 2, 3, 4].map((nth) => h.after(leader, nth))
      h.crash(next!, second!)
      yield* h.one(`${10 + number++}`, 3)
      h.crash(leader, third!, fourth!)
      h.restart(next!, second!)
      yield electionPatience
      h.restart(third!)
      yield* h.one(`${10 + number++}`, 3)
      h.restart(fourth!, leader)
    }
    h.expect((yield* h.one("1000", 5)) >= 16, "all 16 commands are there")
  }),

  scenario("RC-4", "Figure8: leaders crash over and over, and no two servers apply different commands", 5, function*(h) {
    // Most leaders die with their work half done.
    h.simulation.network.conditions = { ...reliable, request: [0, 10], response: [0, 10] }
    yield* h.one("first", 1)
    for (let round = 0; round < 1000; round++) {
      let leader: ServerId | undefined
      for (const id of h.ids) if (h.start(id, `${round}`) !== undefined) leader = id
      yield h.chance.percent(10) ? h.chance.below(electionPatience / 2) : h.chance.below(13)
      if (leader !== undefined) h.crash(leader)
      const down = h.ids.filter((id) => !h.simulation.isUp(id))
      if (down.length > 2) h.restart(h.chance.pick(down))
    }
    h.restart(...h.ids.filter((id) => !h.simulation.isUp(id)))
    yield* h.one("last", 5)
  }, {
    // An entry a message: a leader's first own one comes apart from those of earlier terms, which is what Figure 8 needs.
    settings: { maxBatchBytes: 1, maxInflight: 2 },
    // About 300 leaders instead of 60.
    configuration: (usual) => ({ ...usual, electionTimeout: { min: 50, max: 100 }, heartbeatInterval: 20 })
  }),

  scenario("RC-5", "UnreliableAgree: 246 agreements, five at a time, on a network that loses a fifth of the calls", 5, function*(h) {
    h.simulation.network.conditions = unreliable
    const { clock } = h.simulation
    const tasks = []
    for (let round = 1; round < 50; round++) {
      for (let n = 0; n < 4; n++) tasks.push(clock.spawn(h.one(`${100 * round + n}`, 1)))
      yield* h.one(`${round}`, 1)
    }
    h.simulation.network.conditions = reliable
    yield* join(tasks)
    const last = yield* h.one("last", 5)
    h.expect(last >= 246, `246 agreements, not ${last}`)
  }),

  scenario("RC-7", "ReliableChurn: what a client saw committed is in every log in the end", 5, function*(h) {
    const seen: Array<string> = []
    let over = false
    const client = function*(me: number): Process<void> {
      for (let n = 0; !over; n++) {
        const command = `${me} ${n}`
        let started: Started | undefined
        for (const id of h.ids) if (h.simulation.isUp(id)) started = h.start(id, command) ?? started
        if (started === undefined) {
          yield 79 + 17 * me
          continue
        }
        for (const pause of [10, 20, 50, 100, 200]) {
          const found = h.command(started.number)
          if (found === command) seen.push(command)
          if (found !== undefined) break
          yield pause
        }
      }
    }
    const clients = [0, 1, 2].map((me) => h.simulation.clock.spawn(client(me)))
    for (let step = 0; step < 20; step++) {
      if (h.chance.percent(20)) h.disconnect(h.chance.pick(h.ids))
      if (h.chance.percent(50)) {
        const id = h.chance.pick(h.ids)
        if (!h.simulation.isUp(id)) h.restart(id)
        h.connect(id)
      }
      const id = h.chance.pick(h.ids)
      if (h.chance.percent(20) && h.simulation.isUp(id)) h.crash(id)
      yield 700
    }
    yield electionPatience
    h.restart(...h.ids.filter((id) => !h.simulation.isUp(id)))
    h.connect(...h.ids)
    over = true
    yield* join(clients)
    yield electionPatience
    const last = yield* h.one("last", 5)
    yield* h.wait(last, 5)
    for (const [id, commands] of h.machines) {
      const there = new Set(commands)
      const missing = seen.find((command) => !there.has(command))
      h.expect(missing === undefined, `"${missing}", seen committed, is at ${id}`)
    }
    return `${seen.length} commands seen committed`
  })
]
