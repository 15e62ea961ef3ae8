/**
 * Generated histories, as files or on the standard output:
 *
 *     node check/histories/generate.ts --model=kv --ops=10000 --clients=50 --timeout=0.01 --seed=7 --out=h.jsonl.gz
 *
 * The options are those of `Settings` (simulate.ts), `--mix` as JSON. A file whose name ends in .gz is compressed. Whether
 * a planted fault makes the history illegal is for a checker to find out: something may have hidden it at once.
 */
import { createWriteStream } from "node:fs"
import { rename } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { parseArgs } from "node:util"
import { createGzip } from "node:zlib"
import { objects } from "./objects.ts"
import { defaults, simulate } from "./simulate.ts"
import type { Settings } from "./simulate.ts"

/** The text of a generated history (JSONL), a piece of many lines at a time. Returns how many faults were planted. */
function* textOf(settings: Partial<Settings>): Generator<string, number> {
  const operations = simulate(settings)
  let lines: Array<string> = []
  for (;;) {
    const { done, value } = operations.next()
    if (done !== true) lines.push(JSON.stringify(value))
    if (lines.length > 0 && (done === true || lines.length === 4096)) {
      yield `${lines.join("\n")}\n`
      lines = []
    }
    if (done === true) return value
  }
}

/** Writes to `file`, or to the standard output. */
const write = async (settings: Partial<Settings>, file: string | undefined): Promise<number> => {
  let planted = 0
  const text = Readable.from((function*() {
    planted = yield* textOf(settings)
  })())
  const out = file === undefined ? process.stdout : createWriteStream(file)
  await (file?.endsWith(".gz") === true ? pipeline(text, createGzip(), out) : pipeline(text, out))
  return planted
}

/**
 * Writes a generated history to `file`, compressed where its name ends in .gz. The file appears when it is complete.
 *
 * @returns how many faults were planted.
 */
export const writeHistory = async (settings: Partial<Settings>, file: string): Promise<number> => {
  const unfinished = join(dirname(file), `${process.pid}-${basename(file)}`)
  const planted = await write(settings, unfinished)
  await rename(unfinished, file)
  return planted
}

/** Why these settings make no sense, in words; `undefined` if they do. */
const complaint = (settings: Settings): string | undefined => {
  const { fault, mix, model } = settings
  if (!Object.hasOwn(objects, model)) return `--model ${model}: expected one of ${Object.keys(objects).join(", ")}`
  const { faults, mix: usual } = objects[model]
  if (fault !== "" && !(faults as ReadonlyArray<string>).includes(fault)) {
    return `--fault ${fault}: expected one of ${faults.join(", ")} for ${model}`
  }
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value === "number" && !(value >= 0)) return `--${name}: expected a number, at least 0`
  }
  if (settings.clients < 1 || settings.keys < 1) return "--clients and --keys: expected at least 1"
  const strange = Object.keys(mix ?? {}).find((op) => !Object.hasOwn(usual, op))
  if (strange !== undefined) return `--mix: ${model} has no ${strange}`
  return undefined
}

const numbers = Object.entries(defaults).filter(([, value]) => typeof value === "number").map(([name]) => name)
const names = [...Object.keys(defaults), "out"]

const parse = (): { readonly settings: Settings; readonly out: string | undefined } => {
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" } as const]))
  const { mix, out, ...told } = parseArgs({ options }).values as Record<string, string | undefined>
  const values = Object.entries(told).map(([name, text]) => [name, numbers.includes(name) ? Number(text) : text])
  return { settings: { ...defaults, ...Object.fromEntries(values), mix: mix === undefined ? null : JSON.parse(mix) }, out }
}

const main = async (): Promise<void> => {
  const { out, settings } = parse()
  const wrong = complaint(settings)
  if (wrong !== undefined) throw new Error(wrong)
  const planted = await (out === undefined ? write(settings, undefined) : writeHistory(settings, out))
  if (settings.fault !== "" && planted === 0) console.error(`no place was found for fault ${settings.fault}`)
}

if (import.meta.main) {
  await main().catch((error: Error & { readonly code?: string }) => {
    // Whoever reads has enough.
    if (error.code === "EPIPE") return
    console.error(error.message)
    process.exitCode = 2
  })
}
