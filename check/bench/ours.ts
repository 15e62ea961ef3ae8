/**
 * Runs Lockstep's checker on histories, as the other side of verify.ts: reads the same requests as porcupine/main.go
 * from the standard input, and answers each, one JSON document a line.
 */
import { createInterface } from "node:readline"
import { blocksOf } from "../linearizability/files/blocks.ts"
import { checkLinearizable, readHistories, Threads } from "../linearizability/index.ts"
import type { Answer, Request } from "./Checker.ts"

type Check = (request: Request) => Promise<Pick<Answer, "verdict" | "bad" | "cores">>

let threads: Threads | undefined

/** The only place here that knows the checker. */
const load = async (file: string): Promise<Check> => {
  const { value } = await readHistories(blocksOf(file), { file }).next()
  const { history, model } = value!
  return async ({ bytes, cores, timeoutMs, twoThreads }) => {
    const options = { timeoutMs, memoryBytes: bytes, explanations: cores === true }
    const { keys, verdict } = twoThreads === true
      ? await (threads ??= new Threads(2)).check(history, model, options)
      : checkLinearizable(history, model, options)
    const illegal = keys.filter((k) => k.verdict === "illegal")
    return {
      verdict: verdict === "unknown" ? keys.find((k) => k.verdict === "unknown")!.reason : verdict,
      bad: illegal.map((k) => k.key),
      cores: illegal.flatMap(({ explanation }) => (explanation === undefined ? [] : [explanation.core.length]))
    }
  }
}

const answer = async (check: Check, request: Request): Promise<Answer> => {
  const cpu = process.cpuUsage()
  const start = performance.now()
  let found = await check(request)
  let checks = 1
  for (; performance.now() - start < request.batchMs; checks++) found = await check(request)
  const { system, user } = process.cpuUsage(cpu)
  return {
    ...found,
    checks,
    cpuMs: (user + system) / 1000 / checks,
    wallMs: (performance.now() - start) / checks,
    rssMb: (process.resourceUsage().maxRSS * 1024) / 1e6
  }
}

let loaded: { readonly file: string; readonly check: Check } | undefined
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as Request
  if (loaded?.file !== request.file) loaded = { file: request.file, check: await load(request.file) }
  process.stdout.write(`${JSON.stringify(await answer(loaded.check, request))}\n`)
}
