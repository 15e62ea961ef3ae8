// What several models say of operations.
import type { Operation } from "../History.ts"
import { canonical } from "../Texts.ts"
import type { Json } from "../Texts.ts"

/** Is the outcome unknown, or the output this one? */
export const mayAnswer = (x: Operation, output: Json): boolean => x.return === null || canonical(x.output) === canonical(output)

/** The same for operations of one name with equal values and answers. */
export const sameCall = (x: Operation): string => canonical([x.op, x.value, x.return === null ? "?" : [x.output]])
