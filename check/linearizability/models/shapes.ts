// What values and outputs of operations look like, with words for error messages.
import type { ShapeOf } from "../Model.ts"

/** Values that the first character of their JSON tells. */
const beginning = (begins: string, words: string): ShapeOf => ({
  words,
  begins,
  accepts: (v) => begins.includes(JSON.stringify(v)[0]!)
})

const DIGITS = "-0123456789"

export const nothing = beginning("n", "null")
export const anything = beginning(`ntf"[{${DIGITS}`, "a JSON value")
export const something = beginning(`tf"[{${DIGITS}`, "a JSON value other than null")
export const text = beginning('"', "a string")
export const textOrNull = beginning('n"', "a string or null")
export const truth = beginning("tf", "true or false")
export const yes = beginning("t", "true")
export const truthOrNull = beginning("ntf", "true, false or null")
export const number = beginning(DIGITS, "a number")
export const numberOrNull = beginning(`n${DIGITS}`, "a number or null")
export const list = beginning("[", "a list")
export const integer: ShapeOf = { words: "an integer", accepts: Number.isInteger }
export const fromTo: ShapeOf = { words: "[from, to]", accepts: (v) => Array.isArray(v) && v.length === 2 }
export const textFromTo: ShapeOf = {
  words: "[from, to] of a string or null and a string",
  accepts: (v) => Array.isArray(v) && v.length === 2 && textOrNull.accepts(v[0]) && text.accepts(v[1])
}
