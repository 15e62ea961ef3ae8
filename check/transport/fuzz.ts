/**
 * Damaged input for the transport: `node check/transport/fuzz.ts --inputs 1000000 --connections 3000 --seed 1`.
 *
 * In memory: frames that are valid but for one or a few mutations, in chunks of any size, through everything that reads
 * bytes of a peer. Nothing may be thrown; what is refused is refused in one line; what is let in is what the bytes say,
 * and a message by a description of its own (`faultOf`); the splitter keeps no more than twice what has come.
 *
 * Over sockets: as many connections that say such things to a running transport, while another peer talks to it.
 */
import { isDeepStrictEqual, parseArgs } from "node:util"
import { Handle } from "../../src/raft/Raft.ts"
import { figure2, InitServer } from "../../src/raft/Server.ts"
import type { Parcel } from "../../src/shell/Transport.ts"
import { frame, FrameSplitter, longestFrame } from "../../src/shell/transport/Frames.ts"
import {
  decodeAnswer,
  decodeHello,
  encodeHello,
  encodeRefusal,
  protocolVersion,
  refusal,
  welcome
} from "../../src/shell/transport/Handshake.ts"
import { decodeParcels, encodeParcels, type Way } from "../../src/shell/transport/Parcels.ts"
import { Random } from "../Random.ts"
import { sentParcels } from "./messages.ts"
import { freePorts } from "../freePorts.ts"
import { optionsFor, Raw, start, until, vote } from "./transports.ts"

const members = ["s1", "s2", "s3"]

// Valid bodies.

interface Body {
  readonly bytes: Buffer
  /** Of the parcels in it. */
  readonly way: Way
}

const hello = {
  version: protocolVersion,
  cluster: "test",
  id: "s2",
  configuration: "alike",
  dest: "s1",
  incarnation: "one"
}
const identity = { cluster: "test", id: "s1", configuration: "alike" }

/** Greetings, answers, and frames of one to four parcels on the same way. */
const validBodies = (random: Random): ReadonlyArray<Body> => {
  const byWay = new Map<string, { readonly way: Way; readonly parcels: Array<Parcel> }>()
  for (const parcel of sentParcels(40, random.below(2 ** 31))) {
    const { dest, source } = parcel.message
    const group = byWay.get(source + dest) ?? { way: { source, dest, members }, parcels: [] }
    byWay.set(source + dest, group)
    group.parcels.push(parcel)
  }
  const bodies: Array<Body> = []
  for (const { parcels, way } of byWay.values()) {
    for (let at = 0; at < parcels.length;) {
      const end = at + 1 + random.below(4)
      bodies.push({ bytes: encodeParcels(parcels.slice(at, end)), way })
      at = end
    }
  }
  const { way } = bodies[0]!
  // One in five is of a handshake.
  for (let n = bodies.length / 4; n > 0; n--) {
    bodies.push({ bytes: Buffer.from(random.of([encodeHello(hello), encodeHello(hello), welcome, encodeRefusal("why not")])), way })
  }
  return bodies
}

// Mutations.

const strange: ReadonlyArray<unknown> = [
  null, true, false, 0, 1, 2, 3, -1, 0.5, 1e300, 2 ** 31, 2 ** 52, 2 ** 53, "", "s1", "s2", "s9", "1", "noop",
  "command", "__proto__", "toString", "\ud800", [], {}, [[]], ["s1"], ["s1", "s2", "s3"], [null], { length: 1 },
  { term: 1, type: "noop", value: "" }, "AppendEntriesRequest", "AppendEntriesResponse", "InstallSnapshotRequest",
  "RequestVoteRequest", "PreVoteResponse"
]

type Container = Record<string, unknown>

/** All places in a JSON value: what holds them, and the name there. */
const placesIn = (value: unknown, places: Array<readonly [Container, string]> = []) => {
  if (typeof value !== "object" || value === null) return places
  for (const name of Object.keys(value)) {
    places.push([value as Container, name])
    placesIn((value as Container)[name], places)
  }
  return places
}

/** The same JSON but for one place. */
const alterValue = (text: string, other: string, random: Random): string => {
  const value: unknown = JSON.parse(text)
  const places = placesIn(value)
  const [holder, name] = random.of(places)
  switch (random.below(6)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(name), 1)
      else delete holder[name]
      break
    case 1: {
      const [from, of] = random.of(placesIn(JSON.parse(other)))
      holder[name] = from[of]
      break
    }
    case 2: {
      const [from, of] = random.of(places)
      // It may hold the place itself: without its own parts, no circle.
      holder[name] = JSON.parse(JSON.stringify(from[of] ?? null))
      break
    }
    case 3:
      // (An assignment to `__proto__` would be no field.)
      Object.defineProperty(holder, random.of(["__proto__", "constructor", "more", "0"]), {
        value: random.of(strange),
        configurable: true,
        enumerable: true,
        writable: true
      })
      break
    default:
      holder[name] = typeof holder[name] === "number" && random.percent(50)
        ? holder[name] + random.of([-1, 1, 2, 0.5, 2 ** 31])
        : random.of(strange)
  }
  return JSON.stringify(value)
}

/** Head and texts; a body without texts is all head. */
const halves = (body: Buffer): readonly [head: string, texts: Buffer] => {
  const end = body.indexOf("\n")
  return end < 0 ? [body.toString(), Buffer.alloc(0)] : [body.toString("utf8", 0, end), body.subarray(end)]
}

/** The same body but for one place in its head. */
const alterHead = (body: Buffer, other: Buffer, random: Random): Buffer => {
  const [head, texts] = halves(body)
  return Buffer.concat([Buffer.from(alterValue(head, halves(other)[0], random)), texts])
}

const alterBytes = (bytes: Buffer, other: Buffer, random: Random): Buffer => {
  const at = random.below(bytes.length)
  switch (random.below(6)) {
    case 0:
      return bytes.subarray(0, at)
    case 1:
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random.below(other.length))])
    case 2: {
      const end = at + random.below(bytes.length - at)
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)])
    }
    case 3: {
      const copy = Buffer.from(bytes)
      copy[at] = random.of([0, 0xff, 0x22, 0x2c, 0x2d, 0x30, 0x39, 0x5b, 0x5d, 0x7b, 0x7d, 0x80, 0xc0])
      return copy
    }
    default: {
      const copy = Buffer.from(bytes)
      for (let n = 1 + random.below(4); n > 0; n--) copy[random.below(copy.length)]! ^= 1 << random.below(8)
      return copy
    }
  }
}

/** What a length may be taken for. */
const lengths = [0, 1, 999, longestFrame, longestFrame + 1, 2 ** 32 - 1]

/** The frame of a body, mutated or (one in eight) as it is. */
const mutated = (body: Body, other: Body, random: Random): { readonly bytes: Buffer; readonly intact: boolean } => {
  const kind = random.below(8)
  if (kind === 0) return { bytes: frame(body.bytes), intact: true }
  if (kind < 4) return { bytes: frame(alterHead(body.bytes, other.bytes, random)), intact: false }
  const bytes = frame(body.bytes)
  if (kind === 4) {
    bytes.writeUInt32BE(random.of([...lengths, bytes.length, random.below(bytes.length)]))
    return { bytes, intact: false }
  }
  if (kind === 5) return { bytes: alterBytes(bytes, frame(other.bytes), random), intact: false }
  // With a length that fits: else little of this would get as far as the decoders.
  return { bytes: frame(alterBytes(body.bytes, other.bytes, random)), intact: false }
}

// What may be let in, said once more.

type Kind = "nat" | "bool" | "entries" | "members" | "pieces"
const fieldsOf: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  PreVoteRequest: { lastLogIndex: "nat", lastLogTerm: "nat" },
  PreVoteResponse: { voteGranted: "bool" },
  RequestVoteRequest: { lastLogIndex: "nat", lastLogTerm: "nat" },
  RequestVoteResponse: { voteGranted: "bool" },
  AppendEntriesRequest: { prevLogIndex: "nat", prevLogTerm: "nat", entries: "entries", leaderCommit: "nat" },
  AppendEntriesResponse: {
    success: "bool",
    matchIndex: "nat",
    rejectedIndex: "nat",
    conflictTerm: "nat",
    conflictIndex: "nat"
  },
  InstallSnapshotRequest: {
    lastIncludedIndex: "nat",
    lastIncludedTerm: "nat",
    members: "members",
    offset: "nat",
    data: "pieces",
    done: "bool"
  },
  InstallSnapshotResponse: { lastIncludedIndex: "nat", offset: "nat", done: "bool" }
}

const isNat = (x: unknown) => Number.isSafeInteger(x) && Number(x) >= 0 && Number(x) <= 2 ** 52
const sameKeys = (value: object, keys: ReadonlyArray<string>) =>
  isDeepStrictEqual(Object.keys(value).sort(), [...keys].sort())
const isA: Readonly<Record<Kind, (x: unknown) => boolean>> = {
  nat: isNat,
  bool: (x) => x === true || x === false,
  members: (x) => isDeepStrictEqual(x, members),
  pieces: (x) => Array.isArray(x) && x.every((piece) => typeof piece === "string"),
  entries: (x) =>
    Array.isArray(x) && x.every((entry) =>
      sameKeys(entry, ["term", "type", "value"]) && isNat(entry.term) && typeof entry.value === "string"
      && (entry.type === "command" || (entry.type === "noop" && entry.value === "")))
}

/** The parcels that a body says, whatever else they have; read as src/shell/Packed.ts describes it. */
const saidIn = (body: Buffer): ReadonlyArray<readonly [number, number, Record<string, unknown>]> => {
  const [head, texts] = halves(body)
  const units = texts.toString(texts[1] === 1 ? "latin1" : "utf16le", 2)
  let at = 0
  const text = (length: number) => units.slice(at, at += length)
  const said = JSON.parse(head) as ReadonlyArray<readonly [number, number, Record<string, unknown>]>
  const whole = said.map(([number, position, { data, entries, ...m }]) => {
    const rows = entries as ReadonlyArray<readonly [number, number, string?]> | undefined
    const pieces = data as ReadonlyArray<number> | undefined
    return [number, position, {
      ...m,
      ...m["type"] === "AppendEntriesRequest" && {
        entries: rows!.map(([term, length, type = "command"]) => ({ term, type, value: text(length) }))
      },
      ...m["type"] === "InstallSnapshotRequest" && { data: pieces!.map(text) }
    }] as const
  })
  if (at !== units.length) throw new Error("let in: texts that belong to nothing")
  return whole
}

/** What is wrong with a parcel that was let in; `undefined`: nothing. */
const faultOf = ({ dest, source }: Way, parcel: Parcel): string | undefined => {
  if (!isNat(parcel.number - 1) || !isNat(parcel.position - 1)) return "not a step's message"
  const m = parcel.message as unknown as Record<string, number> & {
    readonly type: string
    readonly entries?: ReadonlyArray<{ readonly term: number }>
  }
  if (!Object.hasOwn(fieldsOf, m.type)) return "no type"
  const fields = fieldsOf[m.type]!
  if (!sameKeys(m, ["type", "source", "dest", "term", ...Object.keys(fields)])) return "other fields"
  for (const [name, kind] of Object.entries(fields)) if (!isA[kind](m[name])) return `${name} isn't ${kind}`
  if ((m.source as unknown) !== source || (m.dest as unknown) !== dest) return "on another way"
  if (!isNat(m.term) || (m.term === 0 && !m.type.startsWith("PreVote"))) return "no term"
  const installs = m.type === "InstallSnapshotRequest"
  const index = m.lastLogIndex ?? m.prevLogIndex ?? (installs ? m.lastIncludedIndex : undefined)
  const term = m.lastLogTerm ?? m.prevLogTerm ?? m.lastIncludedTerm ?? 0
  if (index !== undefined && (index > 0) !== (term > 0)) return "no such place in a log"
  if (installs && index === 0) return "a snapshot of nothing"
  const terms = [term, ...(m.entries ?? []).map((entry) => entry.term), m.term!]
  if (terms.some((t, n) => n > 0 && t < terms[n - 1]!)) return "terms fall"
  if (terms.slice(1).some((t) => t === 0) && m.term! > 0) return "an entry of no term"
  if (m.type === "AppendEntriesResponse") {
    const rejects = [m.rejectedIndex, m.conflictIndex, m.conflictTerm].some((n) => n! > 0)
    if (m.success ? rejects : m.matchIndex! > 0) return "both answers at once"
    if (m.conflictIndex! > m.rejectedIndex!) return "doesn't back up"
  }
  return undefined
}

// In memory.

export interface Fuzzed {
  /** Frames of parcels: let in though mutated, and as they were. */
  readonly accepted: { readonly mutated: number; readonly intact: number }
  /** How often each reason was given, numbers and names left out. */
  readonly refused: ReadonlyMap<string, number>
}

/** Throws at the first input that isn't treated as it should be, and says which. */
export const fuzz = (inputs: number, seed: number): Fuzzed => {
  const random = new Random(seed)
  const bodies = validBodies(random)
  const accepted = { mutated: 0, intact: 0 }
  const refused = new Map<string, number>()
  const refuse = (reason: string) => {
    if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(reason)) throw new Error(`not one line: ${JSON.stringify(reason)}`)
    const kind = reason.replace(/(?<=^refused: ).*|"(?:[^"\\]|\\.)*"|\d+/g, "…")
    refused.set(kind, (refused.get(kind) ?? 0) + 1)
  }
  const empty = InitServer("s1", members, figure2)

  const read = ({ way }: Body, intact: boolean, body: Buffer) => {
    const parcels = decodeParcels(way, body)
    const greeting = decodeHello(body)
    const answer = decodeAnswer(body)
    if (answer !== undefined) refuse(answer)
    if (typeof greeting === "string") refuse(greeting)
    else {
      const why = refusal(identity, new Set(["s2", "s3"]), greeting)
      if (why !== undefined) refuse(why)
      else if (!isDeepStrictEqual({ ...greeting, incarnation: "one" }, hello) && greeting.id !== "s3") {
        throw new Error("welcome, though it isn't meant for us")
      }
    }
    if (typeof parcels === "string") return refuse(parcels)
    accepted[intact ? "intact" : "mutated"]++
    const said = saidIn(body)
    if (said.length !== parcels.length) throw new Error("another number of parcels")
    for (const [n, parcel] of parcels.entries()) {
      const fault = faultOf(way, parcel)
      if (fault !== undefined) throw new Error(`let in: ${fault}`)
      const [number, position, message] = said[n]!
      const meant = Object.fromEntries(Object.keys(parcel.message).map((name) => [name, message[name]]))
      if (!isDeepStrictEqual(parcel, { number, position, message: meant })) throw new Error("let in: something else")
      Handle({ ...empty, id: way.dest }, parcel.message)
    }
  }

  for (let n = 0; n < inputs; n++) {
    const body = random.of(bodies)
    const { bytes, intact } = mutated(body, random.of(bodies), random)
    try {
      const splitter = new FrameSplitter(longestFrame)
      let frames = 0
      for (let at = 0; at < bytes.length;) {
        const end = at + 1 + random.below(random.of([3, 100, 5000]))
        const found = splitter.push(bytes.subarray(at, end))
        const come = Math.min(end, bytes.length)
        if (splitter.held > 2 * come + 4) throw new Error(`keeps ${splitter.held} bytes of ${come}`)
        if (typeof found === "string") {
          refuse(found)
          break
        }
        for (const one of found) read(body, intact, one)
        frames += found.length
        at = end
      }
      if (intact && frames !== 1) throw new Error("a valid frame was not found")
    } catch (cause) {
      throw new Error(`input ${n} of seed ${seed}: ${JSON.stringify(bytes.toString("latin1"))}`, { cause })
    }
  }
  return { accepted, refused }
}

// Over sockets.

export interface SocketsFuzzed {
  /** Messages of the well-behaved peer, all of which came through in order. */
  readonly messages: number
  /** Of the others: what was let in. */
  readonly accepted: number
}

/** As `s2`, so many connections, two at a time; throws if `s3` or the transport itself is any the worse for it. */
export const fuzzSockets = async (connections: number, seed: number): Promise<SocketsFuzzed> => {
  const random = new Random(seed)
  const way: Way = { source: "s2", dest: "s1", members }
  const bodies = validBodies(random).filter((body) => body.way.source === "s2" && body.way.dest === "s1")
  const [o1, o2, o3] = optionsFor(await freePorts(3))
  const [s1, s3] = [await start(o1!), await start(o3!)]
  const greeting = frame(encodeHello(hello))
  let sent = 0
  const talk = setInterval(() => s3.send(vote("s3", "s1", ++sent)), 2)
  const attack = async () => {
    const one = new Raw(s1.port)
    const greets = random.percent(80)
    if (greets) {
      one.say(greeting)
      // Or another one has taken its place.
      await until("an answer", () => one.received.includes(welcome) || one.closed)
    }
    for (let k = random.below(4); k >= 0; k--) one.say(mutated(random.of(bodies), random.of(bodies), random).bytes)
    one.socket.end()
    await until("its end", () => one.closed)
  }
  try {
    await until("s3 is connected", () => s3.counts("s1").out.connected)
    let left = connections
    await Promise.all(Array.from({ length: 2 }, async () => {
      while (left-- > 0) await attack()
    }))
    clearInterval(talk)
    const ofS3 = () => s1.received.filter(({ message }) => message.source === "s3")
    await until("the last message of s3", () => ofS3().at(-1)?.number === sent)
    const numbers = ofS3().map(({ number }) => number)
    const inOrder = numbers.every((number, n) => number === n + 1)
    if (!inOrder || s3.counts("s1").out.connections !== 1) throw new Error(`seed ${seed}: s3 has suffered`)
    const others = s1.received.filter(({ message }) => message.source !== "s3")
    const fault = others.map((parcel) => faultOf(way, parcel)).find((found) => found !== undefined)
    if (fault !== undefined) throw new Error(`seed ${seed}: let in: ${fault}`)
    // A real s2 is let in as ever.
    const s2 = await start(o2!)
    try {
      await until("s2 is connected", () => s2.counts("s1").out.connected && s1.counts("s2").out.connected)
    } finally {
      await s2.close()
    }
    return { messages: sent, accepted: others.length }
  } finally {
    clearInterval(talk)
    await Promise.all([s1.close(), s3.close()])
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      inputs: { type: "string", default: "1000000" },
      connections: { type: "string", default: "3000" },
      seed: { type: "string", default: "1" }
    }
  })
  const [inputs, connections, seed] = [Number(values.inputs), Number(values.connections), Number(values.seed)]
  const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`
  const first = performance.now()
  const { accepted, refused } = fuzz(inputs, seed)
  console.log(`${inputs} inputs in ${seconds(first)}`)
  console.log(`  ${accepted.intact}  let in as they were\n  ${accepted.mutated}  let in mutated`)
  for (const [reason, count] of [...refused].sort(([, a], [, b]) => b - a)) console.log(`  ${count}  ${reason}`)
  const second = performance.now()
  const { accepted: letIn, messages } = await fuzzSockets(connections, seed)
  console.log(`${connections} connections in ${seconds(second)}`)
  console.log(`  ${letIn}  messages let in\n  ${messages}  messages of another peer came through`)
}
