/** What a rejected line should have been, field by field, in the specification's words. */
import type { Message } from "../../src/raft/Message.ts"
import type { Server } from "../../src/raft/Server.ts"
import { toTla } from "../models/Encode.ts"
import { isFunction, isModelValue, isSet, parseValue, tlaSet, toTla as show } from "../tlc/Value.ts"
import type { TlaRecord, TlaSet, Value } from "../tlc/Value.ts"
import type { Trace, TraceStep } from "./Format.ts"
import { valueText } from "./TraceModule.ts"

export interface Difference {
  /** `currentTerm`, `log.entries[2].value`, `sends to s2.term`, `resetElectionTimer`, … */
  readonly field: string
  /** TLA+ values; or words, where there is none. */
  readonly expected: string
  readonly found: string
}

export interface Rejection {
  readonly status: "rejected"
  /** In the trace's file, from 1. */
  readonly line: number
  /** One line: file, line, step and the first difference. */
  readonly message: string
  readonly differences: ReadonlyArray<Difference>
  /** What the specification lets the node do there by itself. */
  readonly enabled: ReadonlyArray<string>
}

const nothing = "nothing"

/** The rejection of a step that isn't the specification's, from what Trace.tla's Explain has printed. */
export const explain = (trace: Trace, step: TraceStep, printed: Value): Rejection => {
  const { continues, enabled, steps, wasSent } = printed as {
    readonly continues: boolean
    readonly wasSent: boolean
    readonly enabled: TlaSet
    readonly steps: TlaSet
  }
  const expected = steps.$set[0] as TlaRecord | undefined
  return rejection(trace, step, enabled.$set as ReadonlyArray<string>, [
    ...continues ? [] : [{ field: "state", expected: "what the node's last line left", found: "another" }],
    ...wasSent ? [] : provenance(step),
    ...expected === undefined
      ? [{ field: "action", expected: "no such step", found: step.action }]
      : stepDifferences(expected, step)
  ])
}

/** The rejection of a step for which a rule of the specification has no value. */
export const stuck = (trace: Trace, step: TraceStep, message: string): Rejection =>
  rejection(trace, step, [], [{ field: "action", expected: `no value in the specification (${message})`, found: step.action }])

const rejection = (
  { file }: Trace,
  { action, line, node, number }: TraceStep,
  enabled: ReadonlyArray<string>,
  differences: ReadonlyArray<Difference>
): Rejection => {
  const { expected, field, found } = differences[0] ?? { field: "sends", expected: "each message once", found: "twice" }
  const able = enabled.length === 0 ? "" : `; enabled: ${enabled.join(", ")}`
  return {
    status: "rejected",
    line,
    message: `${file}:${line}: ${node}'s step ${number}, ${action}: ${field}: expected ${expected}, found ${found}${able}`,
    differences,
    enabled
  }
}

const provenance = ({ consumed }: TraceStep): ReadonlyArray<Difference> => {
  if (consumed === undefined) return []
  const { message, position, sender } = consumed
  const sent = sender.sends[position - 1]
  const label = `consumed (message ${position} of ${sender.node}'s step ${sender.number})`
  if (sent === undefined) return [{ field: label, expected: nothing, found: show(messageValue(message)) }]
  const found = differences(messageValue(sent), messageValue(message), label)
  return found.length > 0 ? found : [{ field: label, expected: "a step of this trace, above", found: "another" }]
}

const stepDifferences = (expected: TlaRecord, step: TraceStep): ReadonlyArray<Difference> => {
  const sent = (expected["sends"] as TlaSet).$set as ReadonlyArray<TlaRecord>
  const logged = tlaSet(step.sends.map(messageValue)).$set as ReadonlyArray<TlaRecord>
  const dests = [...new Set([...sent, ...logged].map((m) => m["dest"] as string))].sort()
  return [
    ...differences(expected["server"]!, serverValue(step.after), ""),
    ...dests.flatMap((dest) => {
      const [a, b] = [sent, logged].map((messages) => messages.filter((m) => m["dest"] === dest))
      return sendDifferences(a!, b!, `sends to ${dest}`)
    }),
    ...differences(expected["resetElectionTimer"]!, step.resetElectionTimer, "resetElectionTimer")
  ]
}

/** Of what one server is sent in a step: what differs in the one message that does, or all those that do. */
const sendDifferences = (
  expected: ReadonlyArray<TlaRecord>,
  found: ReadonlyArray<TlaRecord>,
  field: string
): ReadonlyArray<Difference> => {
  const without = (messages: ReadonlyArray<TlaRecord>, others: ReadonlyArray<TlaRecord>) => {
    const shown = new Set(others.map(show))
    return messages.filter((m) => !shown.has(show(m)))
  }
  const [due, surplus] = [without(expected, found), without(found, expected)]
  if (due.length === 1 && surplus.length === 1) return differences(due[0]!, surplus[0]!, field)
  const words = (messages: ReadonlyArray<TlaRecord>) => messages.map(show).join(" and ") || nothing
  return due.length + surplus.length === 0 ? [] : [{ field, expected: words(due), found: words(surplus) }]
}

/** Where two values differ, as deep as they have the same shape. */
const differences = (expected: Value | undefined, found: Value | undefined, field: string): ReadonlyArray<Difference> => {
  if (JSON.stringify(expected) === JSON.stringify(found)) return []
  if (Array.isArray(expected) && Array.isArray(found)) {
    return Array.from({ length: Math.max(expected.length, found.length) }, (_, n) => n).flatMap((n) =>
      differences(expected[n], found[n], `${field}[${n + 1}]`)
    )
  }
  if (isRecord(expected) && isRecord(found) && Object.keys(expected).join() === Object.keys(found).join()) {
    return Object.keys(expected).flatMap((name) =>
      differences(expected[name]!, found[name]!, field === "" ? name : `${field}.${name}`)
    )
  }
  const words = (value: Value | undefined) => value === undefined ? nothing : show(value)
  return [{ field, expected: words(expected), found: words(found) }]
}

const isRecord = (value: Value | undefined): value is TlaRecord =>
  value !== undefined && typeof value === "object" && !Array.isArray(value) && !isSet(value) && !isFunction(value) && !isModelValue(value)

const escaped = <A extends { readonly value: string }>(entries: ReadonlyArray<A>): ReadonlyArray<A> =>
  entries.map((e) => ({ ...e, value: valueText(e.value) }))

const withPieces = <A extends { readonly data: ReadonlyArray<string> }>(of: A): A => ({ ...of, data: of.data.map(valueText) })

const messageValue = (m: Message): Value =>
  parseValue(toTla(
    m.type === "AppendEntriesRequest"
      ? { ...m, entries: escaped(m.entries) }
      : m.type === "InstallSnapshotRequest" ? withPieces(m) : m
  ))

const serverValue = (s: Server): Value =>
  parseValue(toTla({
    ...s,
    log: { ...s.log, pages: s.log.pages.map(escaped) },
    snapshot: withPieces(s.snapshot),
    partial: withPieces(s.partial)
  }))
