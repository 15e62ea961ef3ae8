// Goal: every helper tells a right server from wrong ones. Method: the toy servers of the examples, with a program and a
// schedule that show what is wrong; the same program against the right one.
import { expect, test } from "vitest"
import { lostUpdate, rightServer, staleCache } from "../examples/servers.ts"
import type { Server } from "../examples/servers.ts"
import { kv } from "../models/kv.ts"
import { OnlineChecker } from "../online.ts"
import type { Violation } from "../online.ts"
import { Recorder } from "./recorder.ts"
import { Schedule } from "./Schedule.ts"
import "./vitest.ts"

/** Two clients append at the same time; then one reads, appends and reads again. */
const run = async (make: (schedule: Schedule) => Server) => {
  const violations: Array<Violation> = []
  const online = { checker: new OnlineChecker(kv), onViolation: (violation: Violation) => void violations.push(violation) }
  const recorder = new Recorder({ online })
  const schedule = new Schedule()
  const server = make(schedule)
  const client = () =>
    recorder.wrap(server, {
      get: (key) => ({ op: "get", key }),
      append: (key, value) => ({ op: "append", key, value, output: () => null })
    })
  const [alice, bob] = [client(), client()]
  const program = async () => {
    await Promise.all([alice.append("x", "a"), bob.append("x", "b")])
    for (let i = 0; i < 2; i++) {
      await alice.get("x")
      await alice.append("x", "c")
    }
    await alice.get("x")
  }
  await schedule.until(program())
  return { history: recorder.history(), online: online.checker.result().verdict, violations }
}

test("a right server", async () => {
  const { history, online, violations } = await run(rightServer)
  expect(history).toBeLinearizable(kv)
  expect([online, violations]).toEqual(["ok", []])
})

test.each([
  ["a lost update", lostUpdate, /get\(\) -> "[ab]"/],
  ["a stale cache", staleCache, /get\(\) -> "(?:ab|ba)c?"/]
])("%s", async (_, server, read) => {
  const { history, online, violations } = await run(server)
  expect(history).not.toBeLinearizable(kv)
  expect(() => expect(history).toBeLinearizable(kv)).toThrow(read)
  expect(online).toBe("illegal")
  expect(violations.map(({ reason }) => reason)).toEqual([expect.stringMatching(read)])
})
