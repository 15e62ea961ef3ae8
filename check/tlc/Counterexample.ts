// TLC's error traces: "2: <Timeout line 5, col 8 to line 7, col 21 of module Raft>" and the state below it.
import { parseValue } from "./Value.ts"
import type { Value } from "./Value.ts"

/** One state of an error trace, and the action that led to it. */
export interface TraceState {
  /** The definition's name as in the labels of the state graph; `Init` for an initial state. */
  readonly action: string
  /** Where that definition is, in TLC's words; absent for an initial state. */
  readonly location?: string
  readonly variables: { readonly [variable: string]: Value }
}

/**
 * A finite behaviour, or an infinite one: `loop` is the position (from 0) of the state that follows the last one,
 * which is the last one itself when the behaviour ends in stuttering.
 */
export interface Counterexample {
  readonly states: ReadonlyArray<TraceState>
  readonly loop?: number
}

const Heading = /^(?:State )?\d+: (.*)$/
const Action = /^<(?:([A-Za-z0-9_!]+)(?:\(.*\))? (line .*)|Initial predicate)>$/

/** Cuts `/\ a = 1\n/\ b = 2` (or `a = 1`, where there is but one variable) into the texts of the values by variable. */
function variableTexts(state: string): { [variable: string]: string } {
  const texts: { [variable: string]: string } = {}
  for (const conjunct of state.trim().replace(/^\/\\ /, "").split("\n/\\ ")) {
    const equals = conjunct.indexOf(" = ")
    if (equals > 0) texts[conjunct.slice(0, equals)] = conjunct.slice(equals + 3).trim()
  }
  return texts
}

/** The values of a printed state by variable. Throws ValueSyntaxError. */
export function parseVariables(state: string): { readonly [variable: string]: Value } {
  return Object.fromEntries(Object.entries(variableTexts(state)).map(([name, text]) => [name, parseValue(text)]))
}

/**
 * Reads the states of an error trace, each a text of a heading and its variables, in TLC's order, with or without the
 * last entry "Back to state 1" or "Stuttering". Throws ValueSyntaxError, and an Error for a heading of another form.
 */
export function parseCounterexample(printed: ReadonlyArray<string>): Counterexample {
  const states: Array<TraceState> = []
  for (const text of printed) {
    const back = /Back to state:? (\d+)|^(\d+): Back to state:/.exec(text)
    if (back) return { states, loop: Number(back[1] ?? back[2]) - 1 }
    const [head = "", ...rest] = text.trim().split("\n")
    const heading = Heading.exec(head.trim())?.[1]
    if (heading === "Stuttering") return { states, loop: states.length - 1 }
    const action = Action.exec(heading ?? "")
    if (!action) throw new Error(`not a state of an error trace: ${head}`)
    const variables = parseVariables(rest.join("\n"))
    states.push(action[1] === undefined ? { action: "Init", variables } :
      { action: action[1], location: action[2]!, variables })
  }
  return { states }
}
