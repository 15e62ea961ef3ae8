/** Mistakes in how a server is run: what is saved when, what leaves when, who is answered, and what timers are worth. */
import type { Mutant } from "../Mutant.ts"

const replica = "src/shell/Replica.ts"
const clerk = "src/shell/Clerk.ts"

type Replaced = readonly [file: string, from: string, to: string]

const mutant = (id: string, title: string, ...edits: ReadonlyArray<Replaced>): Mutant => ({
  id, rule: "Runtime", title, edits: edits.map(([file, from, to]) => ({ file, from, to })), expected: []
})

const beginsToCarryOut = "    const last = steps.at(-1)\n"
const tellsAnswers = "    for (const { answers } of steps) for (const told of answers) told()\n"
const dismisses = "const deposed = led && server.role !== \"leader\" ? dismiss() : []"
const ofTerm = "who !== undefined && who.term === entry.term && reply"

export const runtimeMutants: ReadonlyArray<Mutant> = [
  // Who waits must outlive the leader's term for that, and hide, or it would be noticed as C12 is.
  mutant("C08", "whoever waits is answered by index, also when another leader's entry came there",
    [replica, dismisses, "const deposed: UnderWay[\"answers\"] = []"], [replica, "waiting: waiting.size", "waiting: 0"],
    [replica, ofTerm, "who !== undefined && reply"]),
  mutant("C09", "a client is answered before the entry is known to be on disk",
    [replica, beginsToCarryOut, `${tellsAnswers}${beginsToCarryOut}`]),
  mutant("C12", "a leader that is deposed leaves its clients waiting",
    [replica, dismisses, "const deposed: UnderWay[\"answers\"] = []"]),
  mutant("X04", "a timer that was set anew runs out all the same",
    [replica, "if (timers[input.timer].epoch === input.epoch) timeout", "timeout"]),
  mutant("X10", "messages leave before what they promise is saved",
    [replica, beginsToCarryOut, `    yield* transport.send(steps.flatMap(parcelsOf))\n${beginsToCarryOut}`]),
  mutant("X11", "of the steps that share a sync, the first one's state is saved",
    [replica, beginsToCarryOut, "    const last = steps[0]\n"]),
  mutant("X24", "with the steps that have nothing to save, the first that has speaks during the sync",
    [replica, "const first = steps.findIndex(changesPersistent)", "const first = steps.findIndex(changesPersistent) + 1"]),
  mutant("X12", "a save that failed is taken for done",
    [replica, "const save = storage.save(record)", "const save = Effect.ignore(storage.save(record))"]),
  mutant("X13", "a restart finds its snapshot, and forgets it",
    [replica, "snapshot: found.snapshot ?? first.snapshot", "snapshot: first.snapshot"]),
  mutant("X14", "after a restart the machine begins empty, snapshot or not",
    [replica, "let machine: KV = fromPieces(server.snapshot.data)", "let machine: KV = fromPieces([])"]),
  mutant("X15", "a snapshot that arrives doesn't replace the machine",
    [replica, "action !== \"SnapshotAction\") machine = fromPieces(server.snapshot.data)", "action === \"\") machine = fromPieces([])"]),
  mutant("X16", "the machine is given the last entry committed, not the next",
    [replica, "const entry = entryAt(server.log, index)", "const entry = entryAt(server.log, server.commitIndex)"]),
  mutant("X17", "after a restart, numbers of steps that had sent messages are used again",
    [replica, "yield* observer.resume(id, found?.sequence ?? 0)", "found?.sequence ?? 0"]),
  mutant("X18", "a command is asked anew after its session expired, though an attempt may have taken effect",
    [clerk, "if (puts > 1 && operation.op !== \"get\")", "if (puts > 100 && operation.op !== \"get\")"]),
  mutant("X19", "a command that one server may have taken is reported as not done",
    [clerk, "puts === 0 ? new Unavailable", "puts <= 1 ? new Unavailable"]),
  mutant("X20", "a command that is asked again is another one",
    [
      clerk,
      "return commandOf(s.client, seq)\n",
      "s.client = Invoke(s.client, operation)!\n          return commandOf(s.client, s.client.seq)\n"
    ]),
  mutant("X21", "who has heard a leader once never finds that it is gone",
    [replica, "timers.contact.set(electionTimeout.min)", "timers.contact.stop()"]),
  mutant("X22", "a leader's heart beats once", [replica, "        timers.heartbeat.set(heartbeatInterval)\n", ""]),
  mutant("X23", "a server whose disk has failed says nothing any more, and doesn't end",
    [replica, "Effect.tapCause(fiber, (cause) => Deferred.failCause(failed, cause))", "fiber"])
]
