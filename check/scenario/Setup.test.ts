import fc from "fast-check"
import { expect, test } from "vitest"
import { figure2 } from "../../src/raft/Server.ts"
import type { Settings } from "../../src/raft/Server.ts"
import { settingCommands, settingVerbs, withSetting } from "./Setup.ts"

const number = fc.integer({ min: 1, max: 999_999_999 })
const settings: fc.Arbitrary<Settings> = fc.record({
  maxBatchBytes: number,
  maxInflight: number,
  maxUncommittedBytes: number,
  chunkSize: number,
  preVote: fc.boolean(),
  checkQuorum: fc.boolean()
}, { noNullPrototype: true })

test("Any settings can be said in commands, and are what the commands say", () => {
  fc.assert(fc.property(settings, (wanted) => {
    const made = settingCommands(wanted, figure2).reduce((made, command) => withSetting(made, command)!, figure2)
    expect(made).toEqual(wanted)
  }))
})

test("Each setting has a command of its own", () => {
  const other: Settings = {
    maxBatchBytes: 1,
    maxInflight: 2,
    maxUncommittedBytes: 3,
    chunkSize: 4,
    preVote: true,
    checkQuorum: true
  }
  expect(settingCommands(other, figure2))
    .toEqual(["batch-bytes 1", "in-flight 2", "uncommitted-bytes 3", "chunk-size 4", "pre-vote", "check-quorum"])
  expect(settingCommands(other, figure2).map((command) => command.split(" ")[0])).toEqual(settingVerbs)
  expect(settingCommands(figure2, figure2)).toEqual([])
})

test("What sets nothing up is left to others", () => {
  for (const command of ["apply-alone", "timeout s1", "snapshot s1", "constructor"]) {
    expect(withSetting(figure2, command)).toBeUndefined()
  }
})
