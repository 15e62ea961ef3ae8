// Goal: the specification of the log on disk says something, and code and specification say the same. Method: both graphs
// compared; mistakes made in either, each found by the property that is about it.
import { NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, test } from "vitest"
import { functions, operators } from "../correspondence/Correspondence.ts"
import { explore } from "../explorer/Explore.ts"
import { specDirectory } from "../models/load.ts"
import { mutate } from "../zoo/Mutant.ts"
import { DiskActions, Frames, Recover, Release, Sound, Torn } from "./Disk.ts"
import type { Disk } from "./Disk.ts"
import { checkDisk, diskModel, pinned, tlcDisk } from "./DiskModel.ts"

const folder = mkdtempSync(join(tmpdir(), "lockstep-disk-test-"))
afterAll(() => rmSync(folder, { recursive: true }))

const run = <A, E>(effect: Effect.Effect<A, E, NodeServices.NodeServices>) =>
  Effect.runPromise(Effect.provide(effect, NodeServices.layer))
const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")

test("spec/Disk.tla and check/durability/Disk.ts define the same, in the same order", () => {
  // What TypeScript has in its library, has as a constant (which this finds no function), or lifts in DiskModel.ts.
  const beside = new Set(["vars", "Last", "Front", "Flatten", "Torn", "InitDisk", "Take", "Init", "Next", "Spec"])
  const spec = operators(read("spec/Disk.tla")).map(({ name }) => name)
  const ours = functions(read("check/durability/Disk.ts")).map(({ name }) => name)
  expect(ours).toEqual(spec.filter((name) => !beside.has(name) && !name.endsWith("Action")))
  expect(DiskActions.map(({ name }) => name)).toEqual(spec.filter((name) => name.endsWith("Action")))
})

test("Model disk: 16,996 states and 34,174 edges, the same ones as TLC's", { timeout: 120_000 }, async () => {
  const { differences, result, tlc } = await run(checkDisk(true))
  expect([tlc?.outcome, result.complete, result.violations, differences]).toEqual(["ok", true, [], []])
  expect([result.distinct, result.generated, result.depth]).toEqual([pinned.distinct, pinned.generated, pinned.depth])
})

test("what TLC can't evaluate is no agreement", { timeout: 60_000 }, async () => {
  const library = join(folder, "unevaluable")
  cpSync(fileURLToPath(specDirectory), library, { recursive: true })
  const edit = { file: "spec/Disk.tla", from: "Last(s) == s[Len(s)]", to: "Last(s) == s[Len(s) + 1]" }
  writeFileSync(join(library, "Disk.tla"), mutate("unevaluable", [edit], read).get(edit.file)!)
  const { differences } = await run(checkDisk(true, { library }))
  expect(differences).toMatchObject([{ what: "outcome", tlc: expect.stringContaining("Disk.tla"), typescript: "ok" }])
})

describe("a mistake in the specification is found by its property", () => {
  /** What is wrong, the text and what it is instead, and the property. */
  const mistakes: ReadonlyArray<readonly [title: string, from: string, to: string, property: string]> = [
    ["P01: a sync that does nothing", "!.synced = Len(Last(d.segments)), !.ack", "!.ack", "AcknowledgedIsDurable"],
    ["P01: messages that don't wait for it", "d.released = d.acknowledged THEN {} ELSE {[d EXCEPT !.released = d.acknowledged]}", "d.released = Len(d.memory) THEN {} ELSE {[d EXCEPT !.released = Len(d.memory)]}", "ReleasedIsCovered"],
    ["P02: a rename that is trusted before the folder's sync", "{[d EXCEPT !.renamed = [", "{[d EXCEPT !.acknowledged = n, !.renamed = [", "AcknowledgedIsDurable"],
    ["P03: a failed sync that is not the end", "IF d.status # \"up\" THEN {} ELSE {[d EXCEPT !.status = \"stopped\"]}", "IF d.status # \"up\" THEN {} ELSE {[d EXCEPT !.acknowledged = Len(Read(d))]}", "AcknowledgedIsDurable"],
    ["P04: a tail that is trusted", "IN IF frames # <<>> /\\ Last(frames) = Torn THEN", "IN IF FALSE THEN", "OnlyDamageIsRefused"],
    ["P17: superfluous segments that go before the checkpoint is durable", "IF ~ Idle(d) THEN {} ELSE {[d EXCEPT !.trimmed = n] : n \\in d.trimmed + 1 .. d.checkpoint.first - 1}", "IF d.status # \"up\" THEN {} ELSE {[d EXCEPT !.trimmed = n] : n \\in d.trimmed + 1 .. d.renamed.first - 1}", "OnlyDamageIsRefused"],
    ["what is read after a crash isn't made durable", ", !.synced = Len(Last(m.segments)), !.checkpoint = m.renamed", "", "AcknowledgedIsDurable"],
    ["P02: a segment that is written to before its name is durable", "  /\\ Durable(d) = d\n  /\\ Len", "  /\\ d.synced = Len(Last(d.segments)) /\\ d.checkpoint = d.renamed\n  /\\ Len", "AcknowledgedIsDurable"],
    ["P04: a torn tail that is taken for records", "!.memory = Read(d), !", "!.memory = d.renamed.records \\o Flatten(Frames(d)), !", "RecoveredIsAPrefix"]
  ]
  const violatedWith = async (title: string, edits: ReadonlyArray<readonly [from: string, to: string]>) => {
    const library = join(folder, title.replaceAll(/\W/g, ""))
    cpSync(fileURLToPath(specDirectory), library, { recursive: true })
    const file = "spec/Disk.tla"
    writeFileSync(join(library, "Disk.tla"), mutate(title, edits.map(([from, to]) => ({ file, from, to })), read).get(file)!)
    return (await run(tlcDisk({ library }))).violated
  }
  test.each(mistakes)("%s", { timeout: 60_000 }, async (title, from, to, property) => {
    expect(await violatedWith(title, [[from, to]])).toBe(property)
  })

  const reading: ReadonlyArray<readonly [title: string, frames: string]> = [
    ["P05: everything after the damage dropped", "LET f == Frames(d) IN SubSeq(f, 1, CHOOSE n \\in 0 .. Len(f) : (n = Len(f) \\/ f[n + 1] = Torn) /\\ \\A k \\in 1 .. n : f[k] # Torn)"],
    ["P05: a middle lost", "LET whole(f) == f # Torn IN SelectSeq(Frames(d), whole)"]
  ]
  test.each(reading)("%s", { timeout: 60_000 }, async (title, frames) => {
    const records = `(d.renamed.records \\o Flatten(${frames}))`
    expect(await violatedWith(title, [
      ["ELSE IF ~ Sound(d) THEN", "ELSE IF FALSE THEN"],
      [
        "!.memory = Read(d), !.acknowledged = Len(Read(d)), !.released = Len(Read(d))",
        `!.memory = ${records}, !.acknowledged = Len(${records}), !.released = Len(${records})`
      ]
    ])).toBe("RecoveredIsAPrefix")
  })
})

describe("a mistake in the code is found by the same property", () => {
  const violatedIn = async (name: string, outcomes: (d: Disk) => ReadonlyArray<Disk>) => {
    const actions = DiskActions.map((action) => action.name === name ? { ...action, outcomes } : action)
    const { result } = await explore(diskModel(actions))
    return result.violations.map((violation) => violation.name)
  }
  const frames = (d: Disk) => Frames(d).filter((frame) => frame !== Torn).flat()

  test("P01: messages that don't wait for the sync", async () => {
    const early = (d: Disk) => Release({ ...d, acknowledged: d.memory.length }).map((after) => ({ ...after, acknowledged: d.acknowledged }))
    expect(await violatedIn("ReleaseAction", early)).toContain("ReleasedIsCovered")
  })

  test("P05: a middle lost", async () => {
    const skipping = (d: Disk) => Sound(d) ? Recover(d) : [{ ...d, status: "up" as const, memory: [...d.renamed.records, ...frames(d)] }]
    expect(await violatedIn("RecoverAction", skipping)).toContain("RecoveredIsAPrefix")
  })
})
