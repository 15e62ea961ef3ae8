// What values and outputs of operations look like, with words for error messages.
import type { ShapeOf } from "../Model.ts"

export const nothing: ShapeOf = { words: "null", accepts: (v) => v === null }
export const anything: ShapeOf = { words: "a JSON value", accepts: () => true }
export const something: ShapeOf = { words: "a JSON value other than null", accepts: (v) => v !== null }
export const text: ShapeOf = { words: "a string", accepts: (v) => typeof v === "string" }
export const textOrNull: ShapeOf = { words: "a string or null", accepts: (v) => v === null || typeof v === "string" }
export const truth: ShapeOf = { words: "true or false", accepts: (v) => typeof v === "boolean" }
export const yes: ShapeOf = { words: "true", accepts: (v) => v === true }
export const truthOrNull: ShapeOf = { words: "true, false or null", accepts: (v) => v === null || typeof v === "boolean" }
export const number: ShapeOf = { words: "a number", accepts: (v) => typeof v === "number" }
export const numberOrNull: ShapeOf = { words: "a number or null", accepts: (v) => v === null || typeof v === "number" }
export const integer: ShapeOf = { words: "an integer", accepts: Number.isInteger }
export const list: ShapeOf = { words: "a list", accepts: Array.isArray }
export const fromTo: ShapeOf = { words: "[from, to]", accepts: (v) => Array.isArray(v) && v.length === 2 }
export const textFromTo: ShapeOf = {
  words: "[from, to] of a string or null and a string",
  accepts: (v) => Array.isArray(v) && v.length === 2 && textOrNull.accepts(v[0]) && text.accepts(v[1])
}
