/**
 * Runs as plain text: one command a line, each an event or a macro made only of events, so a script can only do what
 * the specification allows. Scenarios, the roots of models and printed counterexamples are such texts.
 *
 *     timeout s1                                      s1's election timer fires
 *     propose s1 x y                                  clients ask s1 for x and for y, together; or just one for x
 *     heartbeat s1                                    s1's heartbeat timer fires
 *     apply s1                                        s1 applies its next committed entry
 *     restart s1                                      s1 crashes, and starts again
 *     crash s1                                        s1 crashes, and stays down until it restarts
 *     snapshot s1                                     s1 takes a snapshot of what it has applied
 *     contact-lost s1                                 the minimum election timeout has passed since s1 heard a leader
 *     check-quorum s1                                 an election timeout has passed at leader s1
 *     deliver RequestVoteRequest s1->s2 [#n]          the n-th message of this type on this link; without n, the latest
 *     elect s1 by s2 s3                               timeout s1; each of s2, s3 gets the request and s1 its answer; with
 *                                                     PreVote, first that request and answer
 *     replicate s1 to s2 s3                           each gets s1's latest AppendEntries or InstallSnapshot and s1 the
 *                                                     answer, until they agree
 *     EVENT crash after n                             s1 crashes when it has carried out n effects of the step (save first)
 *     EVENT unsynced                                  its record is under way to s1's disk, and its messages wait
 *     sync s1                                         … until this: all of s1's records are durable
 *     crash s1 keeps n                                of those under way, the first n are found on the disk
 *     sync-fails s1 keeps n                           the same, since the disk refuses something: s1 stops
 *     damage s1                                       a bit flips on the disk of s1, which is down and won't start again
 */
import type { Message } from "../../src/raft/Message.ts"
import { lastIndex } from "../../src/raft/Server.ts"
import type { ServerId } from "../../src/raft/Server.ts"
import type { Cluster, Event } from "../cluster/Cluster.ts"
import { messageTypes } from "../raft/Actions.ts"

/** A command that can't be understood, or can't happen there. */
export class ScriptError extends Error {}

/** One that can be understood, and can't happen there. */
export class Impossible extends ScriptError {}

/** What a command begins with. */
export const verbs: ReadonlyArray<string> = [
  "timeout",
  "propose",
  "heartbeat",
  "apply",
  "restart",
  "crash",
  "snapshot",
  "contact-lost",
  "check-quorum",
  "sync",
  "sync-fails",
  "damage",
  "deliver",
  "elect",
  "replicate"
]

/** Requests and answers of one `replicate`: far more than any log of a script needs. */
const maxRounds = 1_000

type Delivery = Extract<Event, { type: "deliver" }>

/** Positions in `cluster.sent` of the messages of one type on one link, oldest first. */
const onLink = (cluster: Cluster, type: string, source: ServerId, dest: ServerId): Array<number> =>
  cluster.sent.flatMap((m, n) => m.type === type && m.source === source && m.dest === dest ? [n] : [])

/** The latest message of one of these types. */
const latestOf = (
  cluster: Cluster,
  types: ReadonlyArray<Message["type"]>,
  source: ServerId,
  dest: ServerId
): Delivery => {
  const message = cluster.sent.findLastIndex((m) => types.includes(m.type) && m.source === source && m.dest === dest)
  if (message < 0) throw new Impossible(`${source} has sent no ${types.join(" or ")} to ${dest}`)
  return { type: "deliver", message }
}

const latest = (cluster: Cluster, type: Message["type"], source: ServerId, dest: ServerId): Delivery =>
  latestOf(cluster, [type], source, dest)

/** The id, if there is such a server. */
export const known = (cluster: Cluster, id: string): ServerId => {
  if (!cluster.ids.includes(id)) throw new ScriptError(`no server ${id} (there are ${cluster.ids.join(", ")})`)
  return id
}

/** The events of one command, each as it comes due: a macro looks at what the events before have done. */
export function* eventsOf(cluster: Cluster, command: string): Generator<Event> {
  const cut = /^(.*\S)\s+crash after (\d+)$/.exec(command)
  if (cut !== null) {
    for (const event of eventsOf(cluster, cut[1]!)) yield { ...event, cut: Number(cut[2]) }
    return
  }
  const unsynced = /^(.*\S)\s+unsynced$/.exec(command)
  if (unsynced !== null) {
    for (const event of eventsOf(cluster, unsynced[1]!)) yield { ...event, unsynced: true }
    return
  }
  const [verb, ...words] = command.trim().split(/\s+/)
  const id = () => known(cluster, words[0] ?? "")
  const others = (preposition: string) => {
    if (words[1] !== preposition || words.length < 3) {
      throw new ScriptError(`expected "${verb} s1 ${preposition} s2 …", found "${command}"`)
    }
    return words.slice(2).map((word) => known(cluster, word))
  }
  switch (verb) {
    case "timeout":
    case "heartbeat":
    case "apply":
    case "restart":
    case "snapshot":
    case "contact-lost":
    case "check-quorum":
    case "sync":
    case "damage":
      if (words.length !== 1) throw new ScriptError(`expected "${verb} s1", found "${command}"`)
      yield { type: verb, server: id() }
      return
    case "crash":
    case "sync-fails": {
      const keeps = words.length === 1 ? "0" : words[1] === "keeps" && words.length === 3 ? words[2]! : ""
      if (!/^\d+$/.test(keeps)) throw new ScriptError(`expected "${verb} s1" or "${verb} s1 keeps n", found "${command}"`)
      yield { type: verb, server: id(), ...(keeps === "0" ? {} : { keeps: Number(keeps) }) }
      return
    }
    case "propose":
      if (words.length < 2) throw new ScriptError(`expected "propose s1 value …", found "${command}"`)
      yield { type: "propose", server: id(), values: words.slice(1) }
      return
    case "deliver": {
      const found = /^deliver\s+(\w+)\s+(\w+)->(\w+)(?:\s+#(\d+))?$/.exec(command.trim())
      if (found === null) throw new ScriptError(`expected "deliver TYPE s1->s2 [#n]", found "${command}"`)
      const [, type, source, dest, n] = found as unknown as [string, Message["type"], string, string, string?]
      if (!messageTypes.includes(type)) {
        throw new ScriptError(`no message type ${type} (there are ${messageTypes.join(", ")})`)
      }
      if (n === undefined) {
        yield latest(cluster, type, known(cluster, source), known(cluster, dest))
        return
      }
      const message = onLink(cluster, type, known(cluster, source), known(cluster, dest))[Number(n) - 1]
      if (message === undefined) throw new Impossible(`${source} has sent ${dest} no ${type} #${n}`)
      yield { type: "deliver", message }
      return
    }
    case "elect":
      yield { type: "timeout", server: id() }
      for (const voter of others("by")) {
        if (cluster.servers.get(id())!.role !== "preCandidate") break
        yield latest(cluster, "PreVoteRequest", id(), voter)
        yield latest(cluster, "PreVoteResponse", voter, id())
      }
      for (const voter of others("by")) {
        yield latest(cluster, "RequestVoteRequest", id(), voter)
        // Who has its majority by now needs no more answers.
        if (cluster.servers.get(id())!.role !== "candidate") continue
        const answer = latest(cluster, "RequestVoteResponse", voter, id())
        const m = cluster.sent[answer.message]!
        if (m.type === "RequestVoteResponse" && !m.voteGranted) {
          throw new Impossible(`${voter} doesn't vote for ${id()}`)
        }
        yield answer
      }
      return
    case "replicate":
      for (const follower of others("to")) {
        const agree = () => {
          const leader = cluster.servers.get(id())!
          return leader.matchIndex[follower] === lastIndex(leader.log)
        }
        let rounds = 0
        do {
          if (++rounds > maxRounds) throw new ScriptError(`${id()} and ${follower} never agree: ${command}`)
          const request = latestOf(cluster, ["AppendEntriesRequest", "InstallSnapshotRequest"], id(), follower)
          yield request
          const appends = cluster.sent[request.message]!.type === "AppendEntriesRequest"
          yield latest(cluster, appends ? "AppendEntriesResponse" : "InstallSnapshotResponse", follower, id())
        } while (cluster.servers.get(id())!.role === "leader" && !agree())
      }
      return
    default:
      throw new ScriptError(`no command "${verb ?? ""}"`)
  }
}

/** Carries out one command. Throws a `ScriptError` when it, or an event of it, can't happen. */
export const runCommand = (cluster: Cluster, command: string): void => {
  for (const event of eventsOf(cluster, command)) {
    if (!cluster.execute(event)) throw new Impossible(`nothing happens: ${command}`)
  }
}

/** The message's place on its link, as `deliver` names it: `AppendEntriesRequest s1->s2 #3`. */
export const nameOf = (cluster: Cluster, position: number): string => {
  const { dest, source, type } = cluster.sent[position]!
  return `${type} ${source}->${dest} #${onLink(cluster, type, source, dest).indexOf(position) + 1}`
}

/** How an event ends, or doesn't yet. */
export const suffixOf = ({ cut, unsynced }: Pick<Event, "cut" | "unsynced">): string =>
  `${cut === undefined ? "" : ` crash after ${cut}`}${unsynced === undefined ? "" : " unsynced"}`

/** The event as the command that does it, in the cluster as it is before. */
export const commandOf = (cluster: Cluster, event: Event): string => {
  const how = suffixOf(event)
  switch (event.type) {
    case "deliver":
      return `deliver ${nameOf(cluster, event.message)}${how}`
    case "propose":
      return `propose ${event.server} ${event.values.join(" ")}${how}`
    case "crash":
    case "sync-fails":
      return `${event.type} ${event.server}${event.keeps === undefined ? "" : ` keeps ${event.keeps}`}`
    default:
      return `${event.type} ${event.server}${how}`
  }
}
