// Events as Jepsen and Porcupine mostly write them, each on a line of its own. One expression reads such a line at once:
// for the few thousand lines of a usual history this takes a fifth of the time that EDN takes, form by form.
import type { Json } from "../../Texts.ts"
import type { Event } from "./events.ts"

const type = ":invoke|:ok|:fail|:info"
const value = String.raw`nil|-?\d{1,15}|\[-?\d{1,15} -?\d{1,15}\]|:[\w-]+|"[^"\\]*"`

const map = new RegExp(String.raw`^\{:process (\d{1,9}), :type (${type}), :f (:[\w-]+)(?:, :key "([^"\\]*)")?, :value (${value})\},?$`)
const logLine = new RegExp(String.raw`\bjepsen\.util:?\s+(?:-\s+)?(\d{1,9})\s+(${type})\s+(:[\w-]+)\s+(${value})\s*$`)

/** The event in a line such as `{:process 3, :type :invoke, :f :cas, :value [1 4]}`, if it is written just so. */
export const eventInMap = (line: string): Event | undefined => {
  const found = map.exec(line)
  if (found === null) return undefined
  return { process: Number(found[1]), type: found[2], f: found[3], key: found[4], value: valueOf(found[5]!) }
}

/** The event in a line such as `INFO  jepsen.util - 3  :invoke  :cas  [1 4]`. */
export const eventInLog = (line: string): Event | undefined => {
  const found = logLine.exec(line)
  return found === null ? undefined : { process: Number(found[1]), type: found[2], f: found[3], value: valueOf(found[4]!) }
}

const valueOf = (text: string): Json => {
  switch (text[0]) {
    case "n":
      return null
    case ":":
      return text
    case '"':
      return text.slice(1, -1)
    case "[":
      return text.slice(1, -1).split(" ").map(Number)
    default:
      return Number(text)
  }
}
