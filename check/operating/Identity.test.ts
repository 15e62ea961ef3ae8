import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { identify } from "../../src/shell/operating/Identity.ts"
import { Storage } from "../../src/shell/Storage.ts"
import { layerFile } from "../../src/shell/storage/FileLog.ts"

let folder = ""
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "lockstep-identity-"))))
afterEach(() => rmSync(folder, { recursive: true }))

/** "": it is this one's data. */
const open = async (cluster: string, id: string, work: Effect.Effect<unknown, unknown, Storage> = Effect.void) => {
  const exit = await Effect.runPromiseExit(
    identify(folder, { cluster, id }).pipe(Effect.andThen(work), Effect.provide(layerFile(folder)))
  )
  return Exit.isSuccess(exit) ? "" : (Cause.squash(exit.cause) as Error).message.replaceAll(folder, "DIR")
}
const save = Storage.use((storage) =>
  storage.save({ sequence: 1, currentTerm: 1, votedFor: null, log: { keep: 0, append: [] } })
)

test("a new folder is whoever's comes first, and stays theirs", async () => {
  expect(await open("demo", "s1", save)).toBe("")
  expect(await open("demo", "s1")).toBe("")
  expect(await open("demo", "s2")).toBe("DIR: the data of s1 of cluster \"demo\", not of s2 of cluster \"demo\"")
  expect(await open("other", "s1")).toBe("DIR: the data of s1 of cluster \"demo\", not of s1 of cluster \"other\"")
})

test("data without an owner is nobody's", async () => {
  await Effect.runPromise(save.pipe(Effect.provide(layerFile(folder))))
  expect(await open("demo", "s1")).toBe("DIR: has data, but no file that says whose")
})

test("a damaged owner is nobody", async () => {
  writeFileSync(join(folder, "identity"), "{")
  expect(await open("demo", "s1")).toBe("DIR/identity: doesn't say whose data this is")
})
