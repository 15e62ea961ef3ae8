/** Random requests, for tests of properties. */
import fc from "fast-check"
import type { Operation } from "../../src/kv/Map.ts"
import { apply, InitKV } from "../../src/kv/Sessions.ts"
import type { KV, Stamped } from "../../src/kv/Sessions.ts"

/** Any text, also with halves of surrogate pairs; and the keys that objects have. */
export const text = fc.oneof(fc.string({ unit: "binary" }), fc.string(), fc.constantFrom("", "constructor", "__proto__", "10", "9"))

const operationOn = (key: fc.Arbitrary<string>, value: fc.Arbitrary<string>): fc.Arbitrary<Operation> =>
  fc.oneof(
    fc.record({ op: fc.constantFrom("get" as const, "delete" as const), key }),
    fc.record({ op: fc.constantFrom("put" as const, "append" as const), key, value }),
    fc.record({ op: fc.constant("cas" as const), key, from: fc.option(value), to: value })
  )

/** Of a log: sessions are few and commands come again, out of order and late; clocks go back and forth. */
const stampedWith = (key: fc.Arbitrary<string>, value: fc.Arbitrary<string>): fc.Arbitrary<Stamped> =>
  fc.record({
    time: fc.integer({ min: 0, max: 40 }),
    request: fc.oneof(
      { weight: 1, arbitrary: fc.record({ type: fc.constant("open" as const), timeout: fc.integer({ min: 0, max: 30 }) }) },
      {
        weight: 4,
        arbitrary: fc.record({
          type: fc.constant("command" as const),
          session: fc.integer({ min: 1, max: 6 }),
          seq: fc.integer({ min: 1, max: 4 }),
          first: fc.integer({ min: 1, max: 4 }),
          operation: operationOn(key, value)
        }).map((command) => ({ ...command, first: Math.min(command.first, command.seq) }))
      }
    )
  })

/** Any request, with any text. */
export const stamped = stampedWith(text, text)

/** Logs on which operations meet. */
export const log = fc.array(stampedWith(fc.constantFrom("k", "l"), fc.constantFrom("x", "y")), { maxLength: 30 })

/** What a log makes of the state. */
export const stateAfter = (entries: ReadonlyArray<Stamped>, from: KV = InitKV): KV =>
  entries.reduce((kv, entry, n) => apply(kv, n + 1, entry).kv, from)
