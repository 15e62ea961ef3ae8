/**
 * Runs Lockstep's checker on histories, as the other side of verify.ts: reads the same requests as porcupine/main.go
 * from the standard input, and answers each, one JSON document a line.
 */
import { createInterface } from "node:readline"
import { blocksOf } from "../linearizability/files/blocks.ts"
import { checkLinearizable, readHistories } from "../linearizability/index.ts"
import type { CheckOptions } from "../linearizability/index.ts"
import type { Answer, Request } from "./Checker.ts"

type Check = (options: CheckOptions) => Pick<Answer, "verdict" | "bad">

/** The only place here that knows the checker. */
const load = async (file: string): Promise<Check> => {
  const { value } = await readHistories(blocksOf(file), { file }).next()
  const { history, model } = value!
  return (options) => {
    const { keys, verdict } = checkLinearizable(history, model, { ...options, explanations: false })
    const undecided = keys.find((k) => k.verdict === "unknown")
    return {
      verdict: verdict === "unknown" ? undecided!.reason : verdict,
      bad: keys.filter((k) => k.verdict === "illegal").map((k) => k.key)
    }
  }
}

const answer = (check: Check, { batchMs, bytes, timeoutMs }: Request): Answer => {
  const options = { timeoutMs, memoryBytes: bytes }
  const cpu = process.cpuUsage()
  const start = performance.now()
  let found = check(options)
  let checks = 1
  for (; performance.now() - start < batchMs; checks++) found = check(options)
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
  process.stdout.write(`${JSON.stringify(answer(loaded.check, request))}\n`)
}
