// What values and outputs may look like, in the words of error messages; and what operations have in common.
import { canonical } from "../Texts.ts"
import type { Json } from "../Texts.ts"
import type { Operation } from "../History.ts"
import type { ShapeOf } from "../Model.ts"

export const nothing: ShapeOf = { words: "null", accepts: (v) => v === null }
export const anything: ShapeOf = { words: "a JSON value", accepts: () => true }
export const something: ShapeOf = { words: "a JSON value other than null", accepts: (v) => v !== null }
export const text: ShapeOf = { words: "a string", accepts: (v) => typeof v === "string" }
export const textOrNull: ShapeOf = { words: "a string or null", accepts: (v) => v === null || typeof v === "string" }
export const fromTo: ShapeOf = { words: "[from, to]", accepts: (v) => Array.isArray(v) && v.length === 2 }
export const textFromTo: ShapeOf = {
  words: "[from, to] of a string or null and a string",
  accepts: (v) => Array.isArray(v) && v.length === 2 && textOrNull.accepts(v[0]) && text.accepts(v[1])
}
export const truth: ShapeOf = { words: "true or false", accepts: (v) => typeof v === "boolean" }
export const truthOrNull: ShapeOf = { words: "true, false or null", accepts: (v) => v === null || typeof v === "boolean" }
export const yes: ShapeOf = { words: "true", accepts: (v) => v === true }
export const number: ShapeOf = { words: "a number", accepts: (v) => typeof v === "number" }
export const numberOrNull: ShapeOf = { words: "a number or null", accepts: (v) => v === null || typeof v === "number" }
export const list: ShapeOf = { words: "a list", accepts: Array.isArray }

/** Is the outcome unknown, or the output this one? */
export const mayAnswer = (x: Operation, output: Json): boolean => x.return === null || canonical(x.output) === canonical(output)

/** Operations of one name, value and answer. */
export const sameCall = (x: Operation): string => `${x.op} ${canonical(x.value)} ${x.return === null ? "?" : canonical(x.output)}`
