/** The Raft suite of the MIT labs, part D: log compaction. */
import type { Process } from "../simulator/Clock.ts"
import type { Harness } from "../simulator/Harness.ts"
import { inOrder, reliable, unreliable } from "../simulator/Network.ts"
import type { Lab } from "./Lab.ts"
import { scenario } from "./Lab.ts"

/** A snapshot after commands 9, 19, 29, …, and what is on disk besides it must stay below 2,000 B: at every moment. */
const sizeLimit = 2_000
const compacting = (h: Harness): void => {
  h.snapshotEvery = 10
  h.watch(`the log on disk measures less than ${sizeLimit} B`, () => h.ids.every((id) => h.logSize(id) < sizeLimit))
}

/** Commands as long as those of the labs, 63-bit numbers, each another. */
function* commands(h: Harness): Generator<string, never> {
  for (let n = 0;; n++) yield `${h.chance.below(2 ** 31)}`.padStart(10, "0") + `${n}`.padStart(9, "0")
}

const isSnapshot = ({ type }: { readonly type: string }) => type === "InstallSnapshotRequest"
const transfers = (h: Harness): number => h.simulation.cluster.sent.filter(isSnapshot).length

/** Rounds of 5 to 14 submissions at one server and an agreement, with another server out of it meanwhile. */
function* rounds(h: Harness, out: "nobody" | "cut" | "crashed"): Process<string> {
  compacting(h)
  const next = commands(h)
  const all = h.ids.length
  yield* h.one(next.next().value, all)
  let leader = yield* h.checkOneLeader()
  for (let round = 0; round < 30; round++) {
    const [victim, sender] = round % 3 === 1 ? [leader, h.after(leader)] : [h.after(leader), leader]
    if (out === "cut") h.disconnect(victim)
    if (out === "crashed") h.crash(victim)
    if (out !== "nobody") yield* h.one(next.next().value, all - 1)
    const submissions = 5 + h.chance.below(10)
    for (let n = 0; n < submissions; n++) h.start(sender, next.next().value)
    yield* h.one(next.next().value, out === "nobody" ? all : all - 1)
    if (out === "cut") h.connect(victim)
    if (out === "crashed") h.restart(victim)
    if (out !== "nobody") {
      yield* h.one(next.next().value, all)
      leader = yield* h.checkOneLeader()
    }
  }
  return `${transfers(h)} InstallSnapshot`
}

export const snapshots: ReadonlyArray<Lab> = [
  scenario("RD-1", "SnapshotBasic: logs stay small, and on links that keep the order nobody needs to be sent a snapshot", 3, function*(h) {
    // Where batches overtake each other, one is rejected now and then; what it repeats may be compacted meanwhile.
    h.simulation.network.conditions = inOrder
    yield* rounds(h, "nobody")
    h.expect(transfers(h) === 0, `no snapshot is sent, not ${transfers(h)}`)
  }),

  scenario("RD-2", "SnapshotInstall: a server that was cut off catches up by snapshot and log", 3, (h) => rounds(h, "cut")),

  scenario("RD-3", "SnapshotInstallUnreliable: so it does when messages are lost", 3, function*(h) {
    h.simulation.network.conditions = unreliable
    const measured = yield* rounds(h, "cut")
    h.simulation.network.conditions = reliable
    return measured
  }),

  scenario("RD-4", "SnapshotInstallCrash: a server that crashed catches up by snapshot and log", 3, (h) => rounds(h, "crashed")),

  scenario("RD-6", "SnapshotAllCrash: all crash and restart from their snapshots on an unreliable net, and no number is used again", 3, function*(h) {
    compacting(h)
    const next = commands(h)
    yield* h.one(next.next().value, 3)
    h.simulation.network.conditions = unreliable
    for (let round = 0; round < 5; round++) {
      const agreements = 5 + h.chance.below(10)
      for (let n = 0; n < agreements; n++) yield* h.one(next.next().value, 3)
      const last = yield* h.one(next.next().value, 3)
      h.crash(...h.ids)
      h.restart(...h.ids)
      const number = yield* h.one(next.next().value, 3)
      h.expect(number >= last + 1, `the next number is greater than ${last}, not ${number}`)
    }
  })
]
