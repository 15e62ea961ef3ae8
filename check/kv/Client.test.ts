// Goal: a client asks in a way that sessions can rely on, and believes only what is about its own calls. Method: by example.
import { describe, expect, it } from "vitest"
import { commandOf, Hear, InitClient, Invoke, outstanding } from "../../src/kv/Client.ts"
import type { Client } from "../../src/kv/Client.ts"
import type { Operation } from "../../src/kv/Map.ts"
import type { Reply } from "../../src/kv/Sessions.ts"
import * as Table from "../../src/kv/Table.ts"

const get: Operation = { op: "get", key: "k" }
const put: Operation = { op: "put", key: "k", value: "x" }

const opened = (session: number): Reply => ({ status: "OPENED", session })
const ok = (session: number, seq: number, response: string | null = null): Reply => ({ status: "OK", session, seq, response })
const expired = (session: number, seq: number): Reply => ({ status: "SESSION_EXPIRED", session, seq })

/** The client after these, each of which must tell it something. */
const after = (c: Client, ...steps: ReadonlyArray<Operation | Reply>): Client =>
  steps.reduce((now, step) => {
    const next = "op" in step ? Invoke(now, step) : Hear(now, step)
    expect(next, JSON.stringify(step)).toBeDefined()
    return next!
  }, c)

const client = after(InitClient, opened(3))

describe("a client", () => {
  it("calls nothing without a session", () => {
    expect(Invoke(InitClient, get)).toBeUndefined()
    expect(Invoke(after(client, get, expired(3, 1)), get)).toBeUndefined()
  })

  it("Client.NewSeq: numbers its commands, and uses no number twice, whatever became of the first", () => {
    const c = after(client, get, put, ok(3, 1), ok(3, 2), put)
    expect(outstanding(c)).toEqual([3])
  })

  it("Client.SameSeq: asks again what it asked, and says which answers it has", () => {
    const first = after(client, get, put)
    expect(commandOf(first, 2)).toEqual({ type: "command", session: 3, seq: 2, first: 1, operation: put })
    const later = after(first, ok(3, 1))
    expect(commandOf(later, 2)).toEqual({ type: "command", session: 3, seq: 2, first: 2, operation: put })
    expect(commandOf(after(first, ok(3, 2)), 1)).toMatchObject({ seq: 1, first: 1 })
  })

  it("hears each answer once, of calls that it waits for, in any order", () => {
    const c = after(client, get, put, ok(3, 2))
    expect(c).toMatchObject({ waiting: Table.tableOf([[1, get]], Table.byNumber), heard: { status: "OK", response: null } })
    expect(Hear(c, ok(3, 2))).toBeUndefined()
    expect(Hear(c, ok(2, 1, "of another session"))).toBeUndefined()
    expect(after(c, ok(3, 1, "x"))).toMatchObject({ waiting: Table.empty, heard: { status: "OK", response: "x" } })
  })

  it("Client.Expired: loses all its calls with their session, and calls nothing of them again by itself", () => {
    const c = after(client, get, put, expired(3, 2))
    expect(c).toEqual({ session: 3, open: false, seq: 2, waiting: Table.empty, heard: { status: "SESSION_EXPIRED" } })
    expect(Hear(c, ok(3, 1, "x"))).toBeUndefined()
    expect(Hear(c, expired(3, 1))).toBeUndefined()
  })

  it("Client.NewSession: numbers begin anew in a new session, which is never one that it had", () => {
    const c = after(client, get, expired(3, 1))
    for (const old of [1, 3]) expect(Hear(c, opened(old))).toBeUndefined()
    expect(Hear(client, opened(9))).toBeUndefined()
    const again = after(c, opened(9), put)
    expect(commandOf(again, 1)).toMatchObject({ session: 9, seq: 1, first: 1 })
    expect(Hear(again, expired(3, 1))).toBeUndefined()
    expect(Hear(again, ok(3, 1, "late"))).toBeUndefined()
  })

  it("takes no notice of a late copy's answer", () => {
    expect(Hear(after(client, get), { status: "STALE", session: 3, seq: 1 })).toBeUndefined()
  })
})
