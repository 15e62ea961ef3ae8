// Goal: what servers send is let in as it was, and nothing else. Method: messages of random runs of the rules, as they
// are, and with one thing in them altered.
import { describe, expect, test } from "vitest"
import type { Message } from "../../src/raft/Message.ts"
import { pack } from "../../src/shell/Packed.ts"
import { decodeParcels, encodeParcels } from "../../src/shell/transport/Parcels.ts"
import { sentParcels } from "./messages.ts"

const members = ["s1", "s2", "s3"]
const way = { source: "s1", dest: "s2", members }

const decode = (text: string) => decodeParcels(way, Buffer.from(text))
/** Whether a message with such a head is let in. The texts beside it are an entry's value, or two pieces of a snapshot. */
const letIn = (head: Record<string, unknown>) => {
  const texts = head["type"] === "AppendEntriesRequest" ? ["x"] : head["type"] === "InstallSnapshotRequest" ? ["a", "b"] : []
  return typeof decodeParcels(way, pack([[1, 1, head]], texts)) !== "string"
}

const envelope = { source: "s1", dest: "s2", term: 5 }
const entry = { term: 4, type: "command", value: "x" } as const
const append: Message = {
  type: "AppendEntriesRequest",
  ...envelope,
  prevLogIndex: 3,
  prevLogTerm: 2,
  entries: [entry],
  leaderCommit: 9
}
const appended: Message = {
  type: "AppendEntriesResponse",
  ...envelope,
  success: true,
  matchIndex: 4,
  rejectedIndex: 0,
  conflictTerm: 0,
  conflictIndex: 0
}
const conflict: Message = {
  ...appended,
  success: false,
  matchIndex: 0,
  rejectedIndex: 7,
  conflictTerm: 2,
  conflictIndex: 5
}
const vote: Message = { type: "RequestVoteRequest", ...envelope, lastLogIndex: 3, lastLogTerm: 4 }
const voted: Message = { type: "RequestVoteResponse", ...envelope, voteGranted: true }
const install: Message = {
  type: "InstallSnapshotRequest",
  ...envelope,
  lastIncludedIndex: 3,
  lastIncludedTerm: 2,
  members,
  offset: 0,
  data: ["a", "b"],
  done: true
}
const installed: Message = { type: "InstallSnapshotResponse", ...envelope, lastIncludedIndex: 3, offset: 0, done: true }

test("what the rules send comes through as it was", () => {
  const parcels = sentParcels(60, 1)
  const types = new Set<string>()
  for (const parcel of parcels) {
    const { dest, source, type } = parcel.message
    types.add(type)
    expect(decodeParcels({ source, dest, members }, encodeParcels([parcel]))).toEqual([parcel])
  }
  expect([...types].sort()).toEqual([
    "AppendEntriesRequest",
    "AppendEntriesResponse",
    "InstallSnapshotRequest",
    "InstallSnapshotResponse",
    "PreVoteRequest",
    "PreVoteResponse",
    "RequestVoteRequest",
    "RequestVoteResponse"
  ])
})

test("many in one frame, in their order", () => {
  const parcels = [vote, append, voted].map((message, n) => ({ number: n + 1, position: 1, message }))
  expect(decodeParcels(way, encodeParcels(parcels))).toEqual(parcels)
})

test("any text in an entry or in a piece of a snapshot", () => {
  const text = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("") + "€😀\ud800"
  for (const message of [{ ...append, entries: [{ ...entry, value: text }] }, { ...install, data: [text, ""] }]) {
    const parcel = { number: 1, position: 1, message }
    expect(decodeParcels(way, encodeParcels([parcel]))).toEqual([parcel])
  }
})

test("fields that no message has are left out", () => {
  const more = { ...voted, also: 1 }
  expect(decode(JSON.stringify([[1, 1, more]]))).toEqual([{ number: 1, position: 1, message: voted }])
})

describe("let in as it is, and refused with", () => {
  const cases: ReadonlyArray<readonly [head: Record<string, unknown>, Record<string, ReadonlyArray<unknown>>]> = [
    [{ ...append, entries: [[4, 1]] }, {
      type: ["AppendEntries", "toString", 1],
      source: ["s3", "s2", undefined],
      dest: ["s1", "s4"],
      term: [3, 0, -1, 5.5, "5", null, 2 ** 53],
      prevLogIndex: [0, -1, "3", 2 ** 53],
      prevLogTerm: [0, 6, 5],
      leaderCommit: [-1, null, 0.5],
      entries: [
        null,
        {},
        "",
        [null],
        [],
        [[1, 1]],
        [[6, 1]],
        [[0, 1]],
        [[4, 1], [3, 0, "noop"]],
        [[4, 1, "noop"]],
        [[4, 1], [4, 0, "config"]],
        [[4, 0]],
        [[4, 2]],
        [[4, 1, 0]],
        [[4, "1"]],
        [[4, -1]],
        [[4]],
        [entry]
      ]
    }],
    [{ ...appended }, { success: [false, 1], matchIndex: [-1], rejectedIndex: [1], conflictTerm: [1], conflictIndex: [1] }],
    [{ ...conflict }, { success: [true], matchIndex: [1], rejectedIndex: [4, "7"], conflictTerm: [-1], conflictIndex: [8] }],
    [{ ...vote }, { term: [0, 3], lastLogIndex: [0, -1], lastLogTerm: [0, 6, null] }],
    [{ ...vote, type: "PreVoteRequest" }, { term: [0, 3], lastLogIndex: [0], lastLogTerm: [6] }],
    [{ ...voted }, { voteGranted: [1, "true", null, undefined], term: [0] }],
    [{ ...voted, type: "PreVoteResponse" }, { voteGranted: [undefined], term: [-1] }],
    [{ ...install, data: [1, 1] }, {
      lastIncludedIndex: [0, -3],
      lastIncludedTerm: [0, 6],
      members: [[], ["s1", "s2"], ["s1", "s2", "s4"], ["s2", "s1", "s3"], [...members, "s4"], "s1", null],
      offset: [-1, "0"],
      data: [null, 2, "ab", [1], [1, 2], [1, 1, 1], ["a", "b"], [1, null], [1, -1]],
      done: [0]
    }],
    [{ ...installed }, { lastIncludedIndex: [-1], offset: [0.5], done: [null], term: [0] }]
  ]
  for (const [message, fields] of cases) {
    for (const [field, values] of Object.entries(fields)) {
      test(`${String(message["type"])}.${field}: ${values.map((value) => JSON.stringify(value)).join(" or ")}`, () => {
        expect(letIn({ ...message })).toBe(true)
        for (const value of values) expect(letIn({ ...message, [field]: value }), JSON.stringify(value)).toBe(false)
      })
    }
  }

  test("a term 0, where there is one before the first campaign", () => {
    expect(letIn({ ...vote, type: "PreVoteRequest", term: 0, lastLogIndex: 0, lastLogTerm: 0 })).toBe(true)
    expect(letIn({ ...vote, term: 0, lastLogIndex: 0, lastLogTerm: 0 })).toBe(false)
  })
})

describe("not parcels", () => {
  const nested = `${"[".repeat(100_000)}${"]".repeat(100_000)}`
  test.each([
    ["not JSON", "[[1,1,"],
    ["not JSON", ""],
    ["no parcels", "{}"],
    ["no parcels", "[]"],
    ["item 1 of 1 isn't a message that could be sent here", "[1]"],
    ["item 1 of 1 isn't a message that could be sent here", JSON.stringify([[0, 1, voted]])],
    ["item 1 of 1 isn't a message that could be sent here", JSON.stringify([[1, 0, voted]])],
    ["item 1 of 1 isn't a message that could be sent here", JSON.stringify([[1, 1, voted, 1]])],
    ["item 2 of 2 isn't a message that could be sent here", JSON.stringify([[1, 1, voted], [1, 2, null]])],
    ["item 1 of 1 isn't a message that could be sent here", nested]
  ])("%s: %.40s", (reason, text) => expect(decode(text)).toBe(reason))

  test("a damaged name, which would come through as another one", () => {
    const bytes = encodeParcels([{ number: 1, position: 1, message: append }])
    bytes[bytes.indexOf(`"s1"`) + 1] = 0xff
    expect(decodeParcels(way, bytes)).toBe("not UTF-8")
  })

  test("texts that are cut short, of no known width, or belong to nothing", () => {
    const bytes = encodeParcels([{ number: 1, position: 1, message: append }])
    expect(decodeParcels(way, bytes.subarray(0, -1))).toBe("item 1 of 1 isn't a message that could be sent here")
    expect(decodeParcels(way, Buffer.concat([bytes, Buffer.from("x")]))).toBe("more than its parcels")
    bytes[bytes.indexOf("\n") + 1] = 3
    expect(decodeParcels(way, bytes)).toBe("texts of no known width")
  })
})
