/** Reads a text file. */
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { badInput } from "./Ending.ts"

/** The text of a file that a user has named; bad input, with the reason, when it can't be read. */
export const readFile = (path: string) =>
  Effect.try({
    try: () => readFileSync(path, "utf8"),
    catch: (error) => badInput(`${path}: cannot be read: ${(error as Error).message}`)
  })
