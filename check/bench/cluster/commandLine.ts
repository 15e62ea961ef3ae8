/** What the programs of this folder have alike: how they are asked, how they show that they live, and how they end. */
import { parseArgs } from "node:util"
import type { ParseArgsConfig } from "node:util"

/** A program can't do what it is for without something that isn't installed. */
export class Missing extends Error {}

/** One line that is written over, where somebody sits and waits; "" wipes it. */
export const progress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`)
}

export const positive = (name: string, text: string): number => {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new Error(`--${name} ${text}: expected a whole number from 1 on`)
  return Number(text)
}

/**
 * Runs a program: `read` checks what was asked for, and throws; `run` gives whether all goals are met. Exit codes: 0 they
 * are; 1 they aren't; 2 bad usage; 3 it could not be measured; 4 something is missing.
 */
export const program = async <const O extends NonNullable<ParseArgsConfig["options"]>, A>(
  options: O,
  read: (values: ReturnType<typeof parseArgs<{ readonly options: O }>>["values"]) => A,
  run: (asked: A) => Promise<boolean>
): Promise<void> => {
  const fail = (code: number) => (error: unknown) => {
    progress("")
    console.error((error as Error).message)
    process.exitCode = code
  }
  let asked: A
  try {
    asked = read(parseArgs({ options }).values)
  } catch (error) {
    return fail(2)(error)
  }
  await run(asked).then(
    (met) => void (process.exitCode = met ? 0 : 1),
    (error) => fail(error instanceof Missing ? 4 : 3)(error)
  )
}
