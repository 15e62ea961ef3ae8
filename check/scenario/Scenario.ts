/**
 * Stories in plain text with the output they must have. A file is blocks, separated by blank lines: comments and
 * commands, a line `----`, and what they print.
 *
 *     # s2 stands for election; one of two others suffices.
 *     servers 3
 *     elect s2 by s3
 *     ----
 *     s2 L t1 c0 [1]
 *     s3 F t1 c0 [] v=s2
 *
 * At the end of a block each server that took part in it is printed: role, term, commitIndex, log, vote
 * (check/render/Notation.ts). Beside the commands of Script.ts there are
 *
 *     servers 5               a cluster of s1 … s5 that has never run; must come first, and starts over later
 *     batch-bytes 1           the entries of one AppendEntries measure at most that, but for a first one (without it: 1000000)
 *     in-flight 2             at most two entries are sent to a follower ahead of its answer (without it: 1000)
 *     uncommitted-bytes 9     a leader's uncommitted entries measure at most that, but for a first one (without it: 64000000)
 *     chunk-size 2            an InstallSnapshot carries at most two pieces (without it: 1)
 *     pre-vote                a server asks, before it campaigns, if it could win (without it: it doesn't)
 *     check-quorum            a leader that no quorum answers steps down, and who hears a leader votes for nobody (without
 *                             it: neither). With a server, `check-quorum s1` is the event.
 *     apply-alone             entries are applied by `apply` only, and lastApplied is printed (a1); else as they commit
 *     show [s1 …]             print these servers instead, or all
 *     messages s1->s2         print what s1 has sent s2 in this block
 *     progress s1             print leader s1's nextIndex and matchIndex
 *     contact [s1 …]          print whether these servers, or all, hear a leader; of a leader, who has answered it since
 *                             its last check-quorum
 *     client 1 …              a client of the replicated map asks a server (check/fuzz/Act.ts); what it waits for and has heard
 *                             is printed after the servers, when it has asked or heard something
 *     map [s1 …]              print log time, map and sessions of these servers, or all, as far as they have applied
 *     nothing: COMMAND        its event can't happen: nothing changes and nothing is sent
 *     mark NAME               remember this moment
 *     back to NAME            the cluster becomes again what it was then
 *
 * After each command the properties of check/raft/Properties.ts are checked; one that fails is printed as
 * `violates NAME: COMMAND`, the first time.
 */
import { Cluster, serverIds } from "../cluster/Cluster.ts"
import type { Event, Taken } from "../cluster/Cluster.ts"
import { actsOf } from "../fuzz/Act.ts"
import type { Act } from "../fuzz/Act.ts"
import { mapText } from "../kv/Notation.ts"
import { encode } from "../../src/kv/Encoding.ts"
import type { LocalStep } from "../explorer/Model.ts"
import { stateProperties, stepProperties } from "../raft/Properties.ts"
import { contactLine, contents, progressLines, serverLine } from "../render/Notation.ts"
import { stepOf } from "../render/Story.ts"
import type { Message } from "../../src/raft/Message.ts"
import { figure2 } from "../../src/raft/Server.ts"
import type { Server, ServerId, Settings } from "../../src/raft/Server.ts"
import { Answers, mapOf } from "./Answers.ts"
import type { ClientAct } from "./Answers.ts"
import { parse, ScenarioError, Stuck } from "./Parse.ts"
import { Impossible, known, nameOf, ScriptError } from "./Script.ts"
import { withSetting } from "./Setup.ts"

/** A block whose output isn't what the file says; `line` is the first line that differs. */
export interface Difference {
  readonly line: number
  readonly expected: ReadonlyArray<string>
  readonly found: ReadonlyArray<string>
}

export interface ScenarioResult {
  /** The text with the output as it is now. */
  readonly text: string
  readonly differences: ReadonlyArray<Difference>
  /** The lines `violates …` of the output. */
  readonly violations: ReadonlyArray<string>
  /** The cluster at the end. */
  readonly cluster: Cluster
  /** The servers as they began (at the last `servers`), and every step that led from there to the end. */
  readonly servers: ReadonlyArray<Server>
  readonly steps: ReadonlyArray<LocalStep<Server, Message>>
  /** Every course that the story takes, with those that it left by `back to` and `servers`. */
  readonly courses: ReadonlyArray<Course>
}

/** From the servers as they began, step by step. */
export interface Course {
  readonly servers: ReadonlyArray<Server>
  readonly applyAlone: boolean
  readonly steps: ReadonlyArray<LocalStep<Server, Message>>
}

/** What is set up before the first event. */
interface Setup {
  readonly servers: number
  readonly settings: Settings
  readonly applyAlone: boolean
}

class Run {
  cluster: Cluster | undefined
  /** What this block prints before its servers. */
  printed: Array<string> = []
  readonly violations: Array<string> = []
  servers: ReadonlyArray<Server> = []
  steps: Array<LocalStep<Server, Message>> = []
  /** The courses that are over. */
  readonly #left: Array<Course> = []
  #setup: Setup | undefined
  /** The command being carried out. */
  #command = ""
  #acts: Array<Act> = []
  /** What had happened by then. */
  #marks = new Map<string, ReadonlyArray<Act>>()
  #answers = new Answers()
  readonly #violated = new Set<string>()
  #tookPart = new Set<ServerId>()
  #show: ReadonlyArray<ServerId> | undefined
  /** Length of `cluster.sent` when the block began. */
  #sentBefore = 0

  /** The output of the block that ends here. */
  endBlock(): ReadonlyArray<string> {
    const cluster = this.#started()
    const shown = this.#show ?? cluster.ids.filter((id) => this.#tookPart.has(id))
    const lines = shown.map((id) =>
      serverLine(cluster.servers.get(id)!, { down: cluster.down.has(id), applyAlone: this.#setup!.applyAlone })
    )
    const output = [...this.printed, ...lines, ...this.#answers.lines()]
    this.printed = []
    this.#tookPart = new Set()
    this.#show = undefined
    this.#sentBefore = cluster.sent.length
    return output
  }

  command(text: string): void {
    const [verb, ...words] = text.split(/\s+/)
    switch (verb) {
      case "servers":
        this.#begin(words, text)
        return
      case "batch-bytes":
      case "in-flight":
      case "uncommitted-bytes":
      case "chunk-size":
      case "pre-vote":
      case "apply-alone":
        this.#setUp(verb, text)
        return
      case "check-quorum":
        if (words.length === 0) this.#setUp(verb, text)
        else this.#event(text)
        return
      case "show":
        this.#show = this.#named(words)
        return
      case "contact":
        for (const id of this.#named(words)) this.printed.push(contactLine(this.#started().servers.get(id)!))
        return
      case "messages":
        this.#messages(text)
        return
      case "progress": {
        const cluster = this.#started()
        const s = cluster.servers.get(known(cluster, words[0] ?? ""))!
        if (s.role !== "leader") throw new Impossible(`${s.id} doesn't lead`)
        this.printed.push(...progressLines(s))
        return
      }
      case "map":
        for (const id of this.#named(words)) this.printed.push(`${id} ${mapText(mapOf(this.#started().servers.get(id)!))}`)
        return
      case "nothing:":
        this.#nothing(text.slice("nothing:".length).trim())
        return
      case "mark":
        this.#started()
        if (words.length === 0) throw new ScriptError(`expected "mark NAME", found "${text}"`)
        this.#marks.set(words.join(" "), [...this.#acts])
        return
      case "back":
        this.#back(text)
        return
      default:
        this.#event(text)
    }
  }

  #event(text: string): void {
    for (const act of actsOf(this.#started(), text)) {
      if (!this.#do(act, text)) throw new Impossible(`nothing happens: ${text}`)
    }
    this.#checkState(text)
  }

  /** Whether the act could happen; if so, it has. */
  #do(act: Act, command: string): boolean {
    if ("client" in act) return this.#ask(act, command)
    this.#answers.heard = act.type !== "unheard"
    const happened = this.#execute(act.type === "unheard" ? { type: "apply", server: act.server } : act, command)
    this.#answers.heard = true
    if (happened) this.#acts.push(act)
    return happened
  }

  #ask(act: ClientAct, command: string): boolean {
    const request = this.#answers.request(act)
    if (act.type === "giveUp" || request === undefined) return false
    const { client, cut, server, time, unsynced } = act
    const how = { ...(cut === undefined ? {} : { cut }), ...(unsynced === undefined ? {} : { unsynced }) }
    const event: Event = { type: "propose", server, values: [encode({ time, request })], ...how }
    if (!this.#execute(event, command, (cluster) => this.#answers.taken(cluster.memory(server), client))) return false
    this.#acts.push(act)
    return true
  }

  /** The servers of these names; all, when there are none. */
  #named(words: ReadonlyArray<string>): ReadonlyArray<ServerId> {
    const cluster = this.#started()
    return words.length === 0 ? cluster.ids : words.map((word) => known(cluster, word))
  }

  #begin(words: ReadonlyArray<string>, text: string): void {
    if (words.length !== 1 || !/^[1-9]$/.test(words[0]!)) {
      throw new ScriptError(`expected "servers n" with n from 1 to 9, found "${text}"`)
    }
    this.#leave()
    this.#setup = { servers: Number(words[0]), settings: figure2, applyAlone: false }
    this.#restart([])
    this.#marks = new Map()
    this.#violated.clear()
  }

  #setUp(verb: string, text: string): void {
    const setup = this.#setup
    if (setup === undefined || this.#acts.length > 0) {
      throw new ScriptError(`"${verb}" must come right after "servers n"`)
    }
    const settings = withSetting(setup.settings, text)
    if (settings === undefined && text !== verb) throw new ScriptError(`expected "${verb}", found "${text}"`)
    this.#setup = settings === undefined ? { ...setup, applyAlone: true } : { ...setup, settings }
    this.#restart([])
  }

  /** The course so far is over. */
  #leave(): void {
    this.#left.splice(0, Infinity, ...this.courses)
    this.steps = []
  }

  /** All so far. */
  get courses(): ReadonlyArray<Course> {
    const { servers, steps } = this
    return steps.length === 0 ? this.#left : [...this.#left, { servers, applyAlone: this.#setup!.applyAlone, steps }]
  }

  /** A new cluster in which this has happened. */
  #restart(acts: ReadonlyArray<Act>): void {
    const { servers, settings } = this.#setup!
    this.#acts = []
    this.#answers = new Answers()
    this.cluster = new Cluster(serverIds(servers), settings, (taken) => this.#observe(taken))
    this.servers = this.cluster.ids.map((id) => this.cluster!.servers.get(id)!)
    this.steps = []
    for (const act of acts) this.#do(act, "")
    this.#tookPart = new Set()
    this.#answers.lines()
    this.#sentBefore = this.cluster.sent.length
  }

  #started(): Cluster {
    if (this.cluster === undefined) throw new ScriptError(`the first command must be "servers n"`)
    return this.cluster
  }

  /** `taken` is called when the event has happened, and nothing has come of it yet. */
  #execute(event: Event, command: string, taken: (cluster: Cluster) => void = () => {}): boolean {
    const cluster = this.#started()
    this.#command = command
    if (!cluster.execute(event)) return false
    taken(cluster)
    const server = event.type === "deliver" ? cluster.sent[event.message]!.dest : event.server
    this.#tookPart.add(server)
    if (!this.#setup!.applyAlone) while (cluster.execute({ type: "apply", server }));
    return true
  }

  #observe(taken: Taken): void {
    this.#answers.observe(taken)
    const step = stepOf(this.cluster!, taken)
    // What is applied at once is part of the step that committed it.
    if (step.label === "ApplyAction" && !this.#setup!.applyAlone) {
      this.steps.push({ ...this.steps.pop()!, after: step.after })
    } else {
      this.steps.push(step)
    }
    for (const property of stepProperties) {
      if (property.reads === "step" && !property.holds(step)) this.#violates(property.name, this.#command)
    }
  }

  #checkState(command: string): void {
    const { ghost, ids, servers } = this.#started()
    for (const property of stateProperties) {
      if (property.reads === "actors" && !property.holds(ids.map((id) => servers.get(id)!), ghost)) {
        this.#violates(property.name, command)
      }
    }
  }

  #violates(name: string, command: string): void {
    if (this.#violated.has(name)) return
    this.#violated.add(name)
    const line = `violates ${name}: ${command}`
    this.violations.push(line)
    this.printed.push(line)
  }

  #messages(text: string): void {
    const cluster = this.#started()
    const found = /^messages\s+(\w+)->(\w+)$/.exec(text)
    if (found === null) throw new ScriptError(`expected "messages s1->s2", found "${text}"`)
    const source = known(cluster, found[1]!)
    const dest = known(cluster, found[2]!)
    for (let n = this.#sentBefore; n < cluster.sent.length; n++) {
      const m = cluster.sent[n]!
      if (m.source === source && m.dest === dest) this.printed.push(`${nameOf(cluster, n)}: ${contents(m)}`)
    }
  }

  #nothing(command: string): void {
    const first = actsOf(this.#started(), command).next()
    if (!first.done && this.#do(first.value, command)) throw new Impossible(`something happens: ${command}`)
  }

  #back(text: string): void {
    const name = /^back\s+to\s+(.+)$/.exec(text)?.[1]
    if (name === undefined) throw new ScriptError(`expected "back to NAME", found "${text}"`)
    const events = this.#marks.get(name)
    if (events === undefined) throw new ScriptError(`no mark ${name}`)
    this.#leave()
    this.#restart(events)
  }
}

/**
 * Runs the scenario. Text without any output gets it (as `text`), so this also completes a list of commands.
 * Throws a `ScenarioError` for a command that can't be understood, a `Stuck` for one that can't happen.
 */
export const runScenario = (text: string, file: string): ScenarioResult => {
  const { blocks, rest } = parse(text, file)
  const run = new Run()
  const rewritten: Array<string> = []
  const differences: Array<Difference> = []
  for (const block of blocks) {
    let at = block.commands[0]?.line ?? block.outputLine! - 1
    try {
      for (const command of block.commands) {
        at = command.line
        run.command(command.text)
      }
      const found = run.endBlock()
      rewritten.push(...block.source, ...found)
      const first = found.findIndex((line, n) => line !== block.output[n])
      const differs = first >= 0 ? first : found.length
      if (block.outputLine === undefined || first >= 0 || block.output.length > found.length) {
        differences.push({ line: (block.outputLine ?? at + 1) + differs, expected: block.output, found })
      }
    } catch (error) {
      if (error instanceof Impossible) throw new Stuck(file, at, error.message)
      if (error instanceof ScriptError) throw new ScenarioError(file, at, error.message)
      // Anything else is thrown by the rules themselves, when one of them is broken.
      throw new Stuck(file, at, String(error))
    }
  }
  if (run.cluster === undefined) throw new ScenarioError(file, 1, `the first command must be "servers n"`)
  return {
    text: `${[...rewritten, ...rest].join("\n")}\n`,
    differences,
    violations: run.violations,
    cluster: run.cluster,
    servers: run.servers,
    steps: run.steps,
    courses: run.courses
  }
}
