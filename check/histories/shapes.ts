/**
 * Long histories that are kept as settings only: what is generated from them, and the verdict. Without a fault a history
 * is linearizable by construction. A planted fault may be hidden at once, so each of these verdicts was found by checkers
 * of different methods, or by an argument.
 */
import { existsSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { writeHistory } from "./generate.ts"
import type { Settings } from "./simulate.ts"

/** A generated history and its verdict. */
export interface Shape {
  readonly name: string
  readonly settings: Partial<Settings>
  readonly verdict: "ok" | "illegal"
}

const shape = (name: string, settings: Partial<Settings>, verdict: Shape["verdict"] = "ok"): Shape => ({ name, settings, verdict })

/** So many enqueues that a queue fills. */
const filling = { enq: 0.6, deq: 0.4 }

/** 10,000 operations on one key. In the names: u, all values unique; r, so many values; c, clients; t, % unknown. */
export const medium: ReadonlyArray<Shape> = [
  shape("kv-u-c10", { model: "kv", clients: 10, seed: 1100 }),
  shape("kv-u-c50", { model: "kv", clients: 50, seed: 1101 }),
  shape("kv-u-c200-t1", { model: "kv", clients: 200, timeout: 0.01, seed: 1102 }),
  shape("kv-u-c10-stale", { model: "kv", clients: 10, fault: "stale", seed: 1103 }, "illegal"),
  shape("kv-u-c50-t1-stale", { model: "kv", clients: 50, timeout: 0.01, fault: "stale", seed: 1104 }, "illegal"),
  shape("kv-r8-c10", { model: "kv", clients: 10, values: 8, seed: 1105 }),
  shape("kv-r8-c50-t1", { model: "kv", clients: 50, values: 8, timeout: 0.01, seed: 1106 }),
  shape("kv-r8-c8-tail", { model: "kv", clients: 8, values: 8, fault: "tail", seed: 1107 }, "illegal"),
  shape("append-c10", { model: "append", clients: 10, seed: 1108 }),
  shape("append-c50-t1", { model: "append", clients: 50, timeout: 0.01, seed: 1109 }),
  shape("append-c10-t1-swap", { model: "append", clients: 10, timeout: 0.01, fault: "swap", seed: 1110 }, "illegal"),
  shape("append-c10-dup", { model: "append", clients: 10, fault: "dup", seed: 1111 }, "illegal"),
  shape("append-c10-lost", { model: "append", clients: 10, fault: "lost", seed: 1112 }, "illegal"),
  shape("cas-r5-c5-t1", { model: "cas", clients: 5, values: 5, timeout: 0.01, seed: 1113 }),
  shape("cas-r5-c10", { model: "cas", clients: 10, values: 5, seed: 1114 }),
  shape("cas-r5-c20", { model: "cas", clients: 20, values: 5, seed: 1115 }),
  shape("cas-r5-c20-t10", { model: "cas", clients: 20, values: 5, timeout: 0.1, seed: 1116 }),
  shape("cas-r5-c50", { model: "cas", clients: 50, values: 5, seed: 1117 }),
  shape("cas-r5-c6-tail", { model: "cas", clients: 6, values: 5, fault: "tail", seed: 1118 }, "illegal"),
  shape("cas-r5-c10-tail", { model: "cas", clients: 10, values: 5, fault: "tail", seed: 1119 }, "illegal"),
  shape("queue-u-c4", { model: "queue", clients: 4, seed: 1120 }),
  shape("queue-u-c10", { model: "queue", clients: 10, seed: 1121 }),
  shape("queue-u-c50-t1", { model: "queue", clients: 50, timeout: 0.01, seed: 1122 }),
  shape("queue-u-c10-swap", { model: "queue", clients: 10, fault: "swap", mix: filling, seed: 1123 }, "illegal"),
  shape("queue-u-c10-dup", { model: "queue", clients: 10, fault: "dup", seed: 1124 }, "illegal"),
  shape("queue-u-c10-lost", { model: "queue", clients: 10, fault: "lost", seed: 1125 }, "illegal"),
  shape("queue-u-c20-empty", { model: "queue", clients: 20, fault: "empty", mix: filling, seed: 1126 }, "illegal"),
  shape("lock-c10-t1", { model: "lock", clients: 10, timeout: 0.01, seed: 1127 }),
  shape("lock-c50-t1", { model: "lock", clients: 50, timeout: 0.01, seed: 1128 }),
  shape("lock-c20-twoowners", { model: "lock", clients: 20, fault: "twoowners", seed: 1129 }, "illegal"),
  shape("register-u-c100-t10", { model: "register", clients: 100, timeout: 0.1, seed: 1130 })
].map((one) => ({ ...one, settings: { ...one.settings, ops: 10_000 } }))

/** 100,000 operations: twelve shapes, each on one key, and on 1,000 keys with 500 clients. */
export const large: ReadonlyArray<Shape> = [
  shape("kv-u-c10", { model: "kv", clients: 10, seed: 2100 }),
  shape("kv-u-c50-t1", { model: "kv", clients: 50, timeout: 0.01, seed: 2101 }),
  shape("kv-u-c50-t5-stale", { model: "kv", clients: 50, timeout: 0.05, fault: "stale", seed: 2102 }, "illegal"),
  shape("kv-r8-c10", { model: "kv", clients: 10, values: 8, seed: 2103 }),
  shape("append-c10", { model: "append", clients: 10, seed: 2104 }),
  shape("append-c50-t1-dup", { model: "append", clients: 50, timeout: 0.01, fault: "dup", seed: 2105 }, "illegal"),
  shape("cas-r5-c5-t1", { model: "cas", clients: 5, values: 5, timeout: 0.01, seed: 2106 }),
  shape("cas-r5-c10", { model: "cas", clients: 10, values: 5, seed: 2107 }),
  shape("queue-u-c10", { model: "queue", clients: 10, seed: 2108 }),
  shape("queue-u-c50-t1-dup", { model: "queue", clients: 50, timeout: 0.01, fault: "dup", seed: 2109 }, "illegal"),
  shape("lock-c10-t1", { model: "lock", clients: 10, timeout: 0.01, seed: 2110 }),
  shape("register-u-c100-t10", { model: "register", clients: 100, timeout: 0.1, seed: 2111 })
].flatMap(({ name, settings, verdict }) => [
  { name: `100k-1key-${name}`, settings: { ...settings, ops: 100_000 }, verdict },
  { name: `100k-1000keys-${name.replace(/-c\d+/, "-c500")}`, settings: { ...settings, ops: 100_000, keys: 1000, clients: 500 }, verdict }
])

/** 100,000 operations on many keys, whose values repeat. */
export const manyKeys: Shape = shape("100k-100keys-cas-r5-t5", {
  model: "cas",
  ops: 100_000,
  keys: 100,
  clients: 200,
  values: 5,
  timeout: 0.05,
  seed: 2200
})

/** 1,000,000 operations. */
export const huge: ReadonlyArray<Shape> = [
  shape("1M-1key-kv-u-c50", { model: "kv", clients: 50, seed: 3100 }),
  shape("1M-10000keys-kv-u-c500-t1", { model: "kv", keys: 10_000, clients: 500, timeout: 0.01, seed: 3101 }),
  shape("1M-1000keys-cas-r5-c200", { model: "cas", keys: 1000, clients: 200, values: 5, seed: 3102 }),
  shape("1M-1000keys-append-c200-t1", { model: "append", keys: 1000, clients: 200, timeout: 0.01, seed: 3103 }),
  shape("1M-1key-queue-u-c10", { model: "queue", clients: 10, seed: 3104 }),
  shape("1M-1000keys-register-u-c500-t5-stale", { model: "register", keys: 1000, clients: 500, timeout: 0.05, fault: "stale", seed: 3105 }, "illegal")
].map((one) => ({ ...one, settings: { ...one.settings, ops: 1_000_000 } }))

/**
 * 10,000 operations of many clients on one register of few values: hard for any search. Nearly all faults are hidden
 * there; not that of the last read (`tail`), whose value no operation of unknown outcome writes here.
 */
export const hard: ReadonlyArray<Shape> = [
  shape("cas-r5-c20-tail", { clients: 20, fault: "tail", seed: 4100 }, "illegal"),
  shape("cas-r5-c20-t0.1-tail", { clients: 20, timeout: 0.001, fault: "tail", seed: 4237 }, "illegal"),
  shape("cas-r5-c50-tail", { clients: 50, fault: "tail", seed: 4101 }, "illegal"),
  shape("cas-r5-c50-t0.1-tail", { clients: 50, timeout: 0.001, fault: "tail", seed: 4230 }, "illegal"),
  shape("cas-r5-c50-t1-stale", { clients: 50, timeout: 0.01, fault: "stale", faults: 300, seed: 4100 }),
  shape("cas-r5-c50-t10-badcas", { clients: 50, timeout: 0.1, fault: "badcas", faults: 10, seed: 4105 })
].map((one) => ({ ...one, settings: { ...one.settings, model: "cas", values: 5, ops: 10_000 } }))

/** An illegal queue of few values, which no method decides soon: to see whether budgets are kept. */
export const endless: Shape = shape(
  "queue-r5-c50-t1-lost",
  { model: "queue", ops: 10_000, clients: 50, values: 5, timeout: 0.01, fault: "lost", faults: 20, mix: filling, seed: 5100 },
  "illegal"
)

/** Where generated histories are kept: outside the sources, made again when they are missing. */
const cache = fileURLToPath(new URL("../../node_modules/.cache/lockstep/histories", import.meta.url))

/** The file of a generated history; it is generated first if it isn't there. */
export const fileOf = async ({ name, settings }: Shape): Promise<string> => {
  const file = join(cache, `${name}.jsonl`)
  if (existsSync(file)) return file
  await mkdir(cache, { recursive: true })
  await writeHistory(settings, file)
  return file
}
