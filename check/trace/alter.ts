/** Traces that aren't quite what happened. */
import { Result } from "effect"
import type { Trace } from "./Format.ts"
import { readTrace } from "./TraceReader.ts"

export type Json = Record<string, any>

/** The trace of a text that the reader doesn't refuse. */
export const read = (text: string, file: string): Trace => Result.getOrThrow(readTrace(text, file))

/** The altered text of a trace: each line is given as JSON, and may be changed or left out. */
export const altered = (text: string, alter: (line: Json, n: number) => Json | undefined): string =>
  text.trimEnd().split("\n").flatMap((line, k) => {
    const by = alter(JSON.parse(line), k + 1)
    return by === undefined ? [] : [JSON.stringify(by)]
  }).map((line) => `${line}\n`).join("")

/** Without the n-th line, and as if it had never been: later steps of its node are renumbered. */
export const without = (text: string, n: number): string => {
  const { node, number } = JSON.parse(text.split("\n")[n - 1]!) as { readonly node: string; readonly number: number }
  return altered(text, (line, k) => {
    if (k === n) return undefined
    if (line["node"] === node && line["number"] > number) line["number"]--
    const consumed = line["consumed"] as Json | undefined
    if (consumed?.["node"] === node && consumed["number"] > number) consumed["number"]--
    return line
  })
}

/** One value of one line, which one is drawn by `place`, becomes another one of its type. */
export const alteredSomewhere = (text: string, place: number): string => {
  const target = 2 + place % (text.trimEnd().split("\n").length - 1)
  return altered(text, (line, n) => {
    if (n !== target) return line
    const leaves: Array<() => void> = []
    const visit = (holder: Json) => {
      for (const [key, value] of Object.entries(holder)) {
        if (Array.isArray(value) && ["votesGranted", "recentActive", "pipelined"].includes(key)) {
          leaves.push(() => holder[key] = value.length === 0 ? ["s1"] : [])
        }
        if (typeof value === "object" && value !== null) visit(value)
        else if (typeof value === "number") leaves.push(() => holder[key] = value + 1)
        else if (typeof value === "boolean") leaves.push(() => holder[key] = !value)
        else if (value === null) leaves.push(() => holder[key] = "s1")
        else if (/^s\d$/.test(value)) leaves.push(() => holder[key] = `s${1 + Number(value[1]) % 5}`)
        else if (key === "role") leaves.push(() => holder[key] = value === "leader" ? "follower" : "leader")
        else if (key === "value" || (Array.isArray(holder) && !/^s\d$/.test(value))) leaves.push(() => holder[key] = `${value}!`)
      }
    }
    visit(line)
    leaves[Math.floor(place / 7) % leaves.length]!()
    return line
  })
}
