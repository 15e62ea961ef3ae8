/**
 * Traces as TLC takes them: modules that give the tables of spec/Trace.tla their rows, and the configuration. Equal
 * states, messages and steps are listed once, and a step's check is done once, however many lines take it.
 */
import type { Message } from "../../src/raft/Message.ts"
import type { Entry, Server, ServerId, Settings } from "../../src/raft/Server.ts"
import { InitServer } from "../../src/raft/Server.ts"
import { entriesOf } from "../raft/Log.ts"
import { toTla } from "../models/Encode.ts"
import type { Trace, TraceStep } from "./Format.ts"

/** The parser takes memory by the module. */
const rowsPerModule = 2_000

/** The root module's name. */
export const rootModule = "CheckTraces"

export interface TraceModules {
  /** By file name. */
  readonly files: ReadonlyMap<string, string>
  /** Lines of all traces together, and how many different steps these are. */
  readonly lines: number
  readonly distinctSteps: number
}

/** Different values under consecutive numbers, from 1, each with its row. */
class Table<A extends object> {
  readonly rows: Array<string> = []
  readonly #numbers = new Map<string, number>()
  readonly #known = new WeakMap<A, number>()
  readonly #row: (value: A) => string

  /** Different values must have different rows. */
  constructor(row: (value: A) => string) {
    this.#row = row
  }

  number(value: A): number {
    const known = this.#known.get(value)
    if (known !== undefined) return known
    const row = this.#row(value)
    let number = this.#numbers.get(row)
    if (number === undefined) {
      number = this.rows.push(row)
      this.#numbers.set(row, number)
    }
    this.#known.set(value, number)
    return number
  }
}

/**
 * A client's value as a TLA+ string. Raft never looks into it, so any text of its own will do that the parser can
 * read: what isn't printable ASCII is escaped as in JSON.
 */
export const valueText = (value: string): string =>
  value.replace(/[^ -[\]-~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)

const row = (cells: ReadonlyArray<string | number>): string => `<<${cells.join(",")}>>`

/** What spec/Trace.tla compares with the rules: a step or, without `after`, that there is none. */
export interface Claim extends Pick<TraceStep, "action" | "before" | "sends" | "resetElectionTimer"> {
  readonly values: ReadonlyArray<string> | undefined
  readonly consumed: Pick<NonNullable<TraceStep["consumed"]>, "message"> | undefined
  readonly after: Server | undefined
}

/** The tables of values: what is put into one gets its number there. `rows`: of all of them, by name. */
export const valueTables = () => {
  const text = (value: string) => toTla(valueText(value))
  // Not by the core's own Size, which TLC is to check.
  const sizes = new Table<Entry>((e) => row([text(e.value), e.value.length]))
  const entries = new Table<Entry>((e) => {
    sizes.number(e)
    return row([e.term, toTla(e.type), text(e.value)])
  })
  const runs = new Table<ReadonlyArray<Entry>>((run) => row(run.map((e) => entries.number(e))))
  const logs = new Table<Server["log"]>((l) => row([l.lastIncludedIndex, l.lastIncludedTerm, runs.number(entriesOf(l))]))
  const pieces = new Table<{ readonly piece: string }>(({ piece }) => text(piece))
  const pieceRuns = new Table<ReadonlyArray<string>>((run) => row(run.map((piece) => pieces.number({ piece }))))
  const idSets = new Table<ReadonlyArray<ServerId>>((ids) => `{${ids.map(toTla).join(",")}}`)
  const indexes = new Table<Readonly<Record<ServerId, number>>>((of) =>
    `[${Object.keys(of).sort().map((id) => `${id} |-> ${of[id]}`).join(",")}]`
  )
  const servers = new Table<Server>((s) =>
    row([
      toTla(s.id),
      idSets.number(s.members),
      s.currentTerm,
      toTla(s.votedFor ?? ""),
      logs.number(s.log),
      idSets.number(s.snapshot.members),
      pieceRuns.number(s.snapshot.data),
      toTla(s.role),
      idSets.number(s.votesGranted),
      s.commitIndex,
      s.lastApplied,
      toTla(s.leaderContact),
      s.partial.lastIncludedIndex,
      pieceRuns.number(s.partial.data),
      indexes.number(s.nextIndex),
      indexes.number(s.matchIndex),
      idSets.number(s.pipelined),
      indexes.number(s.snapshotOffset),
      idSets.number(s.recentActive)
    ])
  )
  const messages = new Table<Message>((m) => {
    const envelope = [toTla(m.type), toTla(m.source), toTla(m.dest), m.term]
    switch (m.type) {
      case "PreVoteRequest":
      case "RequestVoteRequest":
        return row([...envelope, m.lastLogIndex, m.lastLogTerm])
      case "PreVoteResponse":
      case "RequestVoteResponse":
        return row([...envelope, toTla(m.voteGranted)])
      case "AppendEntriesRequest":
        return row([...envelope, m.prevLogIndex, m.prevLogTerm, runs.number(m.entries), m.leaderCommit])
      case "AppendEntriesResponse":
        return row([
          ...envelope,
          toTla(m.success),
          m.matchIndex,
          m.rejectedIndex,
          m.conflictTerm,
          m.conflictIndex
        ])
      case "InstallSnapshotRequest":
        return row([
          ...envelope,
          m.lastIncludedIndex,
          m.lastIncludedTerm,
          idSets.number(m.members),
          m.offset,
          pieceRuns.number(m.data),
          toTla(m.done)
        ])
      case "InstallSnapshotResponse":
        return row([...envelope, m.lastIncludedIndex, m.offset, toTla(m.done)])
    }
  })
  const argument = ({ action, after, before, consumed, values }: Claim): string | number => {
    if (consumed !== undefined) return messages.number(consumed.message)
    if (values !== undefined) {
      for (const value of values) sizes.number({ term: 0, type: "command", value })
      return row(values.map(text))
    }
    if (action !== "SnapshotAction") return 0
    return after === undefined
      ? row([before.lastApplied, pieceRuns.number([])])
      : row([after.log.lastIncludedIndex, pieceRuns.number(after.snapshot.data)])
  }
  const steps = new Table<Claim>((step) =>
    row([
      servers.number(step.before),
      toTla(step.action),
      argument(step),
      step.after === undefined ? 0 : servers.number(step.after),
      row(step.sends.map((m) => messages.number(m))),
      toTla(step.resetElectionTimer)
    ])
  )
  // A no-op's is always asked for.
  sizes.number({ term: 0, type: "noop", value: "" })
  const rows = () => ({
    Sizes: sizes.rows,
    Entries: entries.rows,
    EntryRuns: runs.rows,
    Logs: logs.rows,
    Pieces: pieces.rows,
    PieceRuns: pieceRuns.rows,
    IdSets: idSets.rows,
    Indexes: indexes.rows,
    Servers: servers.rows,
    Messages: messages.rows,
    Steps: steps.rows
  })
  return { rows, servers, steps }
}

/**
 * The modules for TLC, of traces that have the same settings. With `checkOnce`, each different step is checked once;
 * otherwise at each of its lines, so that TLC can say where it got stuck.
 */
export const traceModules = (traces: ReadonlyArray<Trace>, checkOnce: boolean): TraceModules => {
  const { rows, servers, steps } = valueTables()
  const lines: Array<string> = []
  const traceRows = traces.map(({ header, slice, steps: taken }) => {
    const first = lines.length + 1
    const places = new Map<TraceStep | undefined, number>(taken.map((step, n) => [step, n + 1]))
    for (const step of taken) {
      const { consumed } = step
      lines.push(row([steps.number(step), places.get(consumed?.sender) ?? 0, consumed?.position ?? 0]))
    }
    const start = header.servers.map((id) =>
      `${id} |-> ${servers.number(slice?.start[id] ?? InitServer(id, header.servers, header.settings))}`
    )
    return row([first, taken.length, `[${start.join(",")}]`, ...slice === undefined ? [] : [slice.earlier]])
  })

  const files = tableModules({ ...rows(), Lines: lines, Traces: traceRows }, traces[0]!.header.settings)
  files.set(`${rootModule}.tla`, `---- MODULE ${rootModule} ----\nEXTENDS Trace\n====\n`)
  files.set(`${rootModule}.cfg`, configuration("Spec", checkOnce))
  return { files, lines: lines.length, distinctSteps: steps.rows.length }
}

/** The configuration of spec/Trace.tla, or of what extends it. */
export const configuration = (specification: string, checkOnce: boolean): string =>
  `SPECIFICATION ${specification}
CONSTANTS
  Nil = Nil
  Settings <- TheSettings
  Bytes <- TheBytes
  CheckOnce = ${toTla(checkOnce)}
CHECK_DEADLOCK FALSE
`

/** The module Tables, in parts, by file name. */
export const tableModules = (
  tables: Readonly<Record<string, ReadonlyArray<string>>>,
  settings: Settings
): Map<string, string> => {
  const modules: Array<string> = []
  const definitions: Array<string> = []
  const files = new Map<string, string>()
  for (const [name, rows] of Object.entries(tables)) {
    const parts: Array<string> = []
    for (let from = 0; from < rows.length; from += rowsPerModule) {
      const part = `${name}${parts.length + 1}`
      parts.push(part)
      modules.push(`Table${part}`)
      files.set(
        `Table${part}.tla`,
        `---- MODULE Table${part} ----\n${part} == <<\n${rows.slice(from, from + rowsPerModule).join(",\n")}\n>>\n====\n`
      )
    }
    definitions.push(`${name} == ${parts.length === 0 ? "<<>>" : parts.join(" \\o ")}`)
  }
  files.set(
    "Tables.tla",
    `---- MODULE Tables ----
EXTENDS Sequences, ${modules.join(", ")}

TheSettings == ${toTla(settings)}
${definitions.join("\n")}
====
`
  )
  return files
}
