/**
 * The log of our own, held to the specification of the log on disk: it runs on a disk that forgets, and after each
 * operation what is on that disk, and what of it is durable, must be what an action of the specification leaves. What
 * can't be seen there (the memory of a server that is down, say) is whatever fits: all candidates are followed at once.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { isDeepStrictEqual } from "node:util"
import { crc32 } from "node:zlib"
import { lastIndex, termAt } from "../../src/raft/Server.ts"
import { type Durable, type Storage, StorageError, type StorageRecord } from "../../src/shell/Storage.ts"
import { fileLog } from "../../src/shell/storage/FileLog.ts"
import { type Choose, type DiskFault, ForgetfulDisk, type Operation } from "../storage/ForgetfulDisk.ts"
import { after, nothing } from "../storage/records.ts"
import { Damage, DiskActions, InitDisk, IsPrefix, Mended, PowerCut, Torn } from "./Disk.ts"
import type { Checkpoint, Disk, Frame } from "./Disk.ts"

/** A property that doesn't hold, and what was seen. */
export interface DiskViolation {
  readonly property: "AcknowledgedIsDurable" | "RecoveredIsAPrefix" | "OnlyDamageIsRefused" | "DamageIsRefused" | "RefinesDisk"
  readonly detail: string
}

class Violated extends Error {
  readonly violation: DiskViolation

  constructor(violation: DiskViolation) {
    super(violation.property)
    this.violation = violation
  }
}

const violated = (property: DiskViolation["property"], detail: string): never => {
  throw new Violated({ property, detail })
}

/** What happened in runs: operations of the disk, and by name what must have happened for them to say something. */
export type Counts = Record<string, number>

/** The least of each that a run must have on average: about half of what it has. */
const gates: Counts = {
  operations: 20, powerCuts: 0.8, kills: 0.8, closed: 0.35, unacknowledgedLost: 0.5, unacknowledgedKept: 0.11, refused: 0.11
}

/** What happened too rarely for the runs to say something, in words. */
export const enough = (counts: Counts, runs: number): ReadonlyArray<string> =>
  Object.entries(gates).flatMap(([name, least]) => {
    const found = (counts[name] ?? 0) / runs
    return found < least ? [`${name}: ${found.toFixed(2)} per run, at least ${least} expected`] : []
  })

/** Which operations only seem to be done: for tests, to see that noticed. */
type Lie = (operation: Operation, name: string) => boolean

/** Lengths of segments: short, so that there are many, with one commit each or with some. */
const lengths = [100, 300]

/** Records that were ever given to the storage, by number: what they amount to, with those before them. */
interface Given {
  readonly records: ReadonlyArray<number>
  readonly state: Durable
}

/** The payloads in a file, byte by byte, read as src/shell/storage/Frame.ts describes it; undefined for what isn't a frame. */
const payloads = (bytes: Buffer, number: number): ReadonlyArray<{ readonly at: number; readonly text: string | undefined }> => {
  const found: Array<{ at: number; text: string | undefined }> = []
  for (let at = 28; at < bytes.length;) {
    const salt = bytes.readUInt32LE(20)
    const [length, sum, check] = at + 12 <= bytes.length
      ? [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at + 8)]
      : [Infinity, 0, 0]
    const end = at + 12 + length
    const payload = end <= bytes.length ? bytes.subarray(at + 12, end) : undefined
    const head = new Uint8Array(Uint32Array.of(number, salt, at, length, sum).buffer)
    if (payload === undefined || crc32(payload) !== sum || crc32(head) !== check) {
      found.push({ at, text: undefined })
      break
    }
    found.push({ at, text: payload.toString("latin1") })
    at = end
  }
  return found
}

/** The JSON of a payload; texts may follow it (src/shell/Packed.ts). */
const headOf = (payload: string): unknown => JSON.parse(payload.split("\n", 1)[0]!)

/** What tells one state of the specification from another on the disk itself: a torn tail is as good as none. */
const seenOf = (d: Disk): string => {
  const { checkpoint, named, renamed, saved, segments, status, trimmed } = Mended(d)
  const synced = Math.min(d.synced, segments.at(-1)!.length)
  return JSON.stringify({ status, saved, checkpoint, renamed, segments, named, synced, trimmed })
}

const actions = new Map(DiskActions.map(({ name, outcomes }) => [name, outcomes]))

/** What a server does to its disk while it runs, and what it may do when it starts, after Recover. */
const running = ["WriteAction", "SyncAction", "NewSegmentAction", "CompactAction", "SyncFolderAction", "TrimAction"]
const starting = ["NewSegmentAction", "SyncFolderAction", "TrimAction"]

class RefinementRun {
  readonly #choose: Choose
  readonly #counts: Counts
  readonly #lie: Lie
  readonly #longest: number
  #disk = new ForgetfulDisk()
  #candidates: ReadonlyArray<Disk> = [{ ...InitDisk, status: "down" }]
  readonly #given = new Map<number, Given>([[0, { records: [], state: nothing }]])
  /** The server's state is that of this record; and of so many its saves have succeeded. */
  #memory = 0
  #acknowledged = 0

  constructor(choose: Choose, counts: Counts, lie: Lie) {
    this.#choose = choose
    this.#counts = counts
    this.#lie = lie
    this.#longest = lengths[choose(lengths.length)]!
  }

  async run(): Promise<void> {
    for (let lives = 2 + this.#choose(4); lives > 0; lives--) {
      if (!await this.#live()) return
      this.#crash()
      if (this.#choose(4) === 0 && this.#damage()) this.#count("damages")
    }
    await this.#live()
  }

  #count(name: string): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + 1
  }

  /** From a start to a crash, or the close before it; false when it is refused. */
  async #live(): Promise<boolean> {
    const first = this.#disk.operations
    // Often while it starts: that is where least is tried otherwise.
    const last = first + 1 + this.#choose(this.#choose(3) === 0 ? 5 : 40)
    const how = (["stop", "stop", "fail", "full"] as const)[this.#choose(4)]!
    let phase: "starting" | "running" | "stopped" = "starting"
    let dead = false
    this.#disk.fault = (operation, name, count): DiskFault | undefined => {
      if (dead) return "stop"
      this.#count("operations")
      if (phase === "running") this.#follow(running, 1, "up")
      if (count !== last) return this.#lie(operation, name) ? "lie" : undefined
      if (how === "stop") {
        dead = true
        return "stop"
      }
      if (phase === "running") phase = "stopped"
      return how === "full" && operation !== "write" ? "fail" : how
    }
    const scope = Scope.makeUnsafe()
    const opened = await Effect.runPromise(fileLog(this.#disk, this.#longest).pipe(
      Scope.provide(scope),
      // Whatever is on the disk, it is no reason to throw.
      Effect.catchDefect((defect) => Effect.fail(new StorageError({ kind: "failed", file: "disk", reason: String(defect) }))),
      Effect.result
    ))
    if (Result.isFailure(opened)) return this.#refused(opened.failure, this.#disk.operations >= last)
    const storage = opened.success
    if (this.#candidates.some(({ status }) => status === "refused")) violated("DamageIsRefused", "it started all the same")
    this.#follow(["RecoverAction"], 1, undefined)
    this.#follow(starting, 4, "up")
    this.#check(await Effect.runPromise(storage.load))
    phase = "running"

    for (let groups = 1 + this.#choose(8); groups > 0 && phase === "running" && !dead; groups--) {
      await this.#save(storage)
      if (!dead) this.#observe(phase)
    }
    if (dead || this.#choose(2) === 0) dead = true
    else this.#count("closed")
    await Effect.runPromise(Scope.close(scope, Exit.void))
    if (!dead) this.#observe(phase)
    dead = true
    return true
  }

  #observe(phase: string): void {
    if (phase === "running") this.#follow(running, 1, "up")
    else {
      this.#follow(["WriteFailsAction", "SyncFailsAction", "SyncAction", "SyncFolderAction"], 1, undefined)
      this.#follow(["SyncFailsAction"], 1, "stopped")
    }
  }

  /** The disk didn't let the server start: because it was made to, or because it is damaged. */
  #refused({ kind, message }: StorageError, made: boolean): boolean {
    const refused = this.#candidates.some(({ status }) => status === "refused")
    if (made && !refused) {
      this.#candidates = this.#closure([...this.#candidates, ...this.#after("RecoverAction", this.#candidates)], starting, 4)
      return true
    }
    // It hasn't come to the damage.
    if (made && kind !== "corrupt") return false
    if (!refused || kind !== "corrupt") violated("OnlyDamageIsRefused", message)
    this.#count("refused")
    return false
  }

  /** What is loaded is what a prefix of what was saved amounts to, with all that was acknowledged. */
  #check(loaded: Durable | undefined): void {
    const sequence = loaded?.sequence ?? 0
    const found = this.#given.get(sequence)
    const before = this.#given.get(this.#memory)!.records
    if (found === undefined || !isDeepStrictEqual(loaded ?? nothing, found.state)) {
      violated("RecoveredIsAPrefix", `what was found isn't what record ${sequence} amounts to`)
    }
    const { records } = found!
    if (!IsPrefix(records, before)) violated("RecoveredIsAPrefix", `${records} after ${before}`)
    if (records.length < this.#acknowledged) violated("AcknowledgedIsDurable", `${this.#acknowledged} of ${before}, found ${records}`)
    if (before.length > this.#acknowledged) this.#count(records.length < before.length ? "unacknowledgedLost" : "unacknowledgedKept")
    this.#candidates = this.#candidates.filter(({ memory }) => isDeepStrictEqual(memory, records))
    if (this.#candidates.length === 0) violated("RefinesDisk", `${records} isn't what the specification recovers`)
    this.#memory = sequence
    this.#acknowledged = records.length
  }

  /** Some records at once. */
  async #save(storage: Storage["Service"]): Promise<void> {
    const group = Array.from({ length: 1 + this.#choose(3) }, () => this.#record())
    this.#candidates = group.reduce((candidates) => this.#after("SaveAction", candidates), this.#candidates)
    const saves = group.map((record) => Effect.result(storage.save(record)))
    const results = await Effect.runPromise(Effect.all(saves, { concurrency: "unbounded" }))
    this.#acknowledged += results.filter(Result.isSuccess).length
    this.#count("groups")
  }

  /** One that follows from those before. */
  #record(): StorageRecord {
    const choose = this.#choose
    const { records, state } = this.#given.get(this.#memory)!
    const number = this.#given.size
    const end = lastIndex(state.log)
    const currentTerm = state.currentTerm + choose(2)
    const ahead = choose(6) === 0 ? 1 + choose(3) : 0
    const base = state.log.lastIncludedIndex + ahead
    const record: StorageRecord = {
      sequence: number,
      currentTerm,
      votedFor: choose(2) === 0 ? null : "s2",
      log: {
        keep: Math.max(base, end - choose(3)),
        append: Array.from({ length: choose(3) }, () => ({ term: currentTerm, type: "command", value: "x".repeat(choose(40)) }))
      },
      ...(ahead === 0 ? {} : {
        snapshot: {
          lastIncludedIndex: base,
          lastIncludedTerm: base <= end ? termAt(state.log, base) : currentTerm,
          members: ["s1", "s2"],
          data: [`up to ${base}`]
        }
      })
    }
    this.#given.set(number, { records: [...records, number], state: after(state, record) })
    this.#memory = number
    return record
  }

  #crash(): void {
    this.#disk.fault = () => undefined
    if (this.#choose(2) === 0) {
      this.#count("kills")
      this.#candidates = this.#closure(this.#candidates, ["KillAction"], 1)
    } else {
      this.#count("powerCuts")
      this.#disk = this.#disk.powerCut(this.#choose)
      this.#candidates = [...this.#candidates, ...this.#candidates.flatMap(PowerCut)]
    }
    this.#follow([], 0, "down")
  }

  /** Flips a bit of a commit that something follows; false when there is none, or not all is durable. */
  #damage(): boolean {
    const possible = this.#candidates.flatMap((whole) => Damage(whole).map((damaged) => ({ damaged, whole })))
    if (possible.length === 0) return false
    const { damaged, whole } = possible[this.#choose(possible.length)]!
    const n = damaged.segments.findIndex((segment, k) => !isDeepStrictEqual(segment, whole.segments[k]))
    const k = damaged.segments[n]?.findIndex((frame, at) => !isDeepStrictEqual(frame, whole.segments[n]![at])) ?? -1
    const name = `log-${n + 1}`
    if (k < 0 || !this.#disk.files.includes(name)) return false
    const bytes = this.#disk.get(name)
    const { at, text } = payloads(bytes, n + 1).filter((payload) => payload.text !== "[]")[k]!
    // As often in the frame's header as in all of it.
    bytes[at + this.#choose(this.#choose(2) === 0 ? 12 : 12 + text!.length)]! ^= 1 << this.#choose(8)
    this.#disk.put(name, bytes)
    this.#candidates = this.#candidates.map((d): Disk => ({
      ...d,
      status: "refused",
      segments: d.segments.with(n, d.segments[n]!.with(k, Torn))
    }))
    return true
  }

  #after(name: string, candidates: ReadonlyArray<Disk>): ReadonlyArray<Disk> {
    return candidates.flatMap(actions.get(name)!)
  }

  /** What up to `depth` of these actions lead to. */
  #closure(from: ReadonlyArray<Disk>, names: ReadonlyArray<string>, depth: number): ReadonlyArray<Disk> {
    const found = new Map(from.map((d) => [JSON.stringify(d), d]))
    let level = from
    for (let n = 0; n < depth && level.length > 0; n++) {
      level = names.flatMap((name) => this.#after(name, level)).filter((d) => !found.has(JSON.stringify(d)))
      for (const d of level) found.set(JSON.stringify(d), d)
    }
    return [...found.values()]
  }

  /** The candidates after these actions that look like the disk; without a status they aren't compared yet. */
  #follow(names: ReadonlyArray<string>, depth: number, status: Disk["status"] | undefined): void {
    const reached = this.#closure(this.#candidates, names, depth)
    if (status === undefined) {
      this.#candidates = reached
      return
    }
    const seen = seenOf({ ...InitDisk, ...this.#look(), saved: this.#given.size - 1, status })
    const before = this.#candidates
    this.#candidates = reached.filter((d) => d.status === status && seenOf(d) === seen)
    if (this.#candidates.length === 0) {
      violated("RefinesDisk", `found ${seen} after ${before.map(seenOf).join(" or ")}, and no action of ${names} leads there`)
    }
    if (status === "up" && this.#candidates.every(({ acknowledged }) => acknowledged < this.#acknowledged)) {
      violated("AcknowledgedIsDurable", `${this.#acknowledged} records acknowledged, ${this.#candidates[0]!.acknowledged} durable`)
    }
  }

  /** What the specification calls what is on the disk. */
  #look(): Partial<Disk> {
    const [now, durable] = [this.#files(this.#disk), this.#files(this.#disk.powerCut(() => 0))]
    const { first } = durable.checkpoint
    const count = Math.max(1, first - 1, ...now.segments.keys())
    const numbers = Array.from({ length: count }, (_, k) => k + 1)
    const named = Math.max(1, first - 1, ...durable.segments.keys())
    return {
      checkpoint: durable.checkpoint,
      renamed: now.checkpoint,
      segments: numbers.map((n) => n < first ? [] : now.segments.get(n) ?? []),
      named,
      synced: count < first || named < count ? 0 : durable.segments.get(count)?.filter((frame) => frame !== Torn).length ?? 0,
      trimmed: Math.max(0, ...numbers.filter((n) => n < now.checkpoint.first && !now.segments.has(n)))
    }
  }

  #files(disk: ForgetfulDisk) {
    let checkpoint: Checkpoint = { records: [], first: 1 }
    const segments = new Map<number, ReadonlyArray<Frame>>()
    for (const name of disk.files) {
      if (name.endsWith(".new")) continue
      const number = name === "checkpoint" ? 0 : Number(name.slice("log-".length))
      const found = payloads(disk.get(name), number).filter(({ text }) => text !== "[]")
      if (name === "checkpoint") {
        const text = found[0]?.text ?? violated("RefinesDisk", "the checkpoint is torn")
        const { first, image } = headOf(text) as { first: number; image: { sequence: number } }
        checkpoint = { records: this.#given.get(image.sequence)!.records, first }
      } else {
        segments.set(number, found.map(({ text }) =>
          text === undefined ? Torn : (headOf(text) as ReadonlyArray<StorageRecord>).map(({ sequence }) => sequence)
        ))
      }
    }
    return { checkpoint, segments }
  }
}

/** Deterministic, from a seed. */
export const chooser = (seed: number): Choose => {
  let state = seed
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor(state / 2 ** 32 * n)
  }
}

/** Runs with these seeds, to the first violation; what happened is added to `counts`. */
export const refine = async (
  seeds: Iterable<number>,
  counts: Counts,
  lie: Lie = () => false
): Promise<DiskViolation & { readonly seed: number } | undefined> => {
  for (const seed of seeds) {
    try {
      await new RefinementRun(chooser(seed), counts, lie).run()
    } catch (error) {
      if (error instanceof Violated) return { ...error.violation, seed }
      throw error
    }
  }
  return undefined
}
