// Goal: a command takes effect once, however often it is in the log, and its session lives as long as the log says.
// Method: by example, and random logs against a count of what a log should do that knows no sessions.
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { execute } from "../../src/kv/Map.ts"
import type { Data, Operation, Response } from "../../src/kv/Map.ts"
import { apply, InitKV } from "../../src/kv/Sessions.ts"
import type { KV, Reply, Stamped } from "../../src/kv/Sessions.ts"
import * as Table from "../../src/kv/Table.ts"
import { log, stateAfter } from "./arbitraries.ts"

const timeout = 10
const open: Stamped = { time: 0, request: { type: "open", timeout } }
const command = (session: number, seq: number, operation: Operation, { first = 1, time = 0 } = {}): Stamped =>
  ({ time, request: { type: "command", session, seq, first, operation } })
const append = (session: number, seq: number, more: { readonly first?: number; readonly time?: number } = {}) =>
  command(session, seq, { op: "append", key: "k", value: `${session}.${seq} ` }, more)
const cas = (session: number, seq: number, from: string | null, to: string) => command(session, seq, { op: "cas", key: "k", from, to })

/** What the log makes of the state, and the reply to each of its entries. */
const run = (...entries: ReadonlyArray<Stamped>): { readonly kv: KV; readonly replies: ReadonlyArray<Reply> } => {
  let kv = InitKV
  const replies = entries.map((entry, n) => {
    const applied = apply(kv, n + 1, entry)
    kv = applied.kv
    return applied.reply
  })
  return { kv, replies }
}

const ok = (session: number, seq: number, response: Response): Reply => ({ status: "OK", session, seq, response })
const stale = (session: number, seq: number): Reply => ({ status: "STALE", session, seq })
const expired = (session: number, seq: number): Reply => ({ status: "SESSION_EXPIRED", session, seq })

describe("commands", () => {
  it("KV.SameSeq: asked again, the same answer and no second effect, whatever happened in between", () => {
    const { kv, replies } = run(open, open, cas(1, 1, null, "x"), cas(2, 1, "x", "y"), cas(1, 1, null, "x"))
    expect(replies.slice(2)).toEqual([ok(1, 1, true), ok(2, 1, true), ok(1, 1, true)])
    expect(Table.get(kv.data, "k")).toBe("y")
  })

  it("KV.CacheReply: a refusal stays a refusal, though it would succeed by now", () => {
    const { kv, replies } = run(open, cas(1, 1, "x", "y"), cas(1, 2, null, "x"), cas(1, 1, "x", "y"))
    expect(replies.slice(1)).toEqual([ok(1, 1, false), ok(1, 2, true), ok(1, 1, false)])
    expect(Table.get(kv.data, "k")).toBe("x")
  })

  it("KV.OldSeq: a late copy of what the client has the answer of has no effect, and no answer of another command", () => {
    const { kv, replies } = run(open, append(1, 1), append(1, 2, { first: 2 }), append(1, 1))
    expect(replies.at(-1)).toEqual(stale(1, 1))
    expect(Table.get(kv.data, "k")).toBe("1.1 1.2 ")
    expect(Table.get(kv.sessions, 1)!.replies).toEqual(Table.tableOf([[2, null]], Table.byNumber))
  })

  it("KV.OldSeq: what the client has said once, older copies don't take back", () => {
    const { kv, replies } = run(open, append(1, 2, { first: 2 }), append(1, 3, { first: 1 }), append(1, 1))
    expect(replies.at(-1)).toEqual(stale(1, 1))
    expect(Table.get(kv.sessions, 1)!.first).toBe(2)
  })

  it("commands of one client take effect in any order, each once, as long as it waits for them", () => {
    const { kv, replies } = run(open, append(1, 3), append(1, 1), append(1, 2), append(1, 3), append(1, 1))
    expect(Table.get(kv.data, "k")).toBe("1.3 1.1 1.2 ")
    expect(replies.slice(4)).toEqual([ok(1, 3, null), ok(1, 1, null)])
  })

  it("sessions are the clients', not the keys'", () => {
    expect(Table.get(run(open, open, append(1, 1), append(2, 1)).kv.data, "k")).toBe("1.1 2.1 ")
  })
})

describe("sessions", () => {
  it("KV.Open: its id is the entry's index, and no other session's ever", () => {
    const { kv, replies } = run(append(1, 1), open, open, append(2, 1))
    expect(replies).toEqual([
      expired(1, 1),
      { status: "OPENED", session: 2 },
      { status: "OPENED", session: 3 },
      ok(2, 1, null)
    ])
    expect(Table.keys(kv.sessions)).toEqual([2, 3])
  })

  it("KV.Expired: who was never opened, or is gone, changes nothing", () => {
    const { kv, replies } = run(open, append(1, 1, { time: timeout + 1 }), append(7, 1))
    expect(replies.slice(1)).toEqual([expired(1, 1), expired(7, 1)])
    expect(kv).toEqual({ ...InitKV, time: timeout + 1 })
  })

  it("KV.Expired: not even what was executed is answered, let alone done again", () => {
    const { kv, replies } = run(open, append(1, 1), append(1, 1, { time: timeout + 1 }))
    expect(replies.at(-1)).toEqual(expired(1, 1))
    expect(Table.get(kv.data, "k")).toBe("1.1 ")
  })

  it("KV.Expire: to the millisecond", () => {
    expect(run(open, append(1, 1, { time: timeout })).replies[1]).toEqual(ok(1, 1, null))
    expect(run(open, append(1, 1, { time: timeout + 1 })).replies[1]).toEqual(expired(1, 1))
  })

  it("KV.Expire: every use counts, also a copy", () => {
    const uses = [append(1, 1, { time: 8 }), append(1, 1, { time: 16 }), append(1, 2, { first: 2, time: 24 }), append(1, 1, { time: 32 })]
    expect(run(open, ...uses, append(1, 3, { time: 42 })).replies.at(-1)).toEqual(ok(1, 3, null))
    expect(run(open, ...uses, append(1, 3, { time: 43 })).replies.at(-1)).toEqual(expired(1, 3))
  })

  it("KV.Expire: other clients' entries pass the time, too", () => {
    expect(Table.keys(run(open, { ...open, time: timeout }, { ...open, time: timeout + 1 }).kv.sessions)).toEqual([2, 3])
  })

  it("KV.LogTime: a leader whose clock is behind stops time, and doesn't turn it back", () => {
    const { kv } = run({ ...open, time: 20 }, append(1, 1, { time: 5 }))
    expect([kv.time, Table.get(kv.sessions, 1)!.used]).toEqual([20, 20])
    expect(run({ ...open, time: 20 }, append(1, 1, { time: 5 }), append(1, 2, { time: 30 })).replies[2]).toEqual(ok(1, 2, null))
  })
})

describe("random logs", () => {
  it("each command takes effect once, while its session is used in time and its answer is waited for", () => {
    fc.assert(fc.property(log, (entries) => {
      const { kv, replies } = run(...entries)
      let data: Data = Table.empty
      let time = 0
      const sessions = new Map<number, { readonly timeout: number; used: number; first: number; readonly done: Map<number, Response> }>()
      entries.forEach(({ request, ...entry }, n) => {
        time = Math.max(time, entry.time)
        for (const [id, { timeout, used }] of sessions) if (used < time - timeout) sessions.delete(id)
        if (request.type === "open") {
          sessions.set(n + 1, { timeout: request.timeout, used: time, first: 1, done: new Map() })
          expect(replies[n]).toEqual({ status: "OPENED", session: n + 1 })
          return
        }
        const { first, operation, seq, session } = request
        const s = sessions.get(session)
        if (s === undefined) return expect(replies[n]).toEqual(expired(session, seq))
        s.used = time
        if (seq < s.first) expect(replies[n]).toEqual(stale(session, seq))
        else {
          if (!s.done.has(seq)) {
            const done = execute(data, operation)
            data = done.data
            s.done.set(seq, done.response)
          }
          expect(replies[n]).toEqual(ok(session, seq, s.done.get(seq)!))
        }
        s.first = Math.max(s.first, first)
      })
      expect(kv.data).toEqual(data)
      expect(kv.time).toBe(time)
      expect(Table.keys(kv.sessions)).toEqual([...sessions.keys()].sort((a, b) => a - b))
      for (const [id, { done, first, used }] of sessions) {
        const kept = Table.tableOf([...done].filter(([seq]) => seq >= first), Table.byNumber)
        expect(Table.get(kv.sessions, id)).toMatchObject({ used, first, replies: kept })
      }
    }))
  })

  it("the same log makes the same of it, and nothing that was given changes", () => {
    const frozen = <A>(value: A): A => {
      if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(frozen)
      return value
    }
    fc.assert(fc.property(log, fc.nat(), (entries, cut) => {
      const k = entries.length === 0 ? 0 : cut % entries.length
      const half = frozen(stateAfter(entries.slice(0, k)))
      const whole = entries.slice(k).reduce((kv, entry, n) => frozen(apply(kv, k + n + 1, frozen(entry)).kv), half)
      expect(whole).toEqual(stateAfter(entries))
    }))
  })
})
