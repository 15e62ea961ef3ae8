// Locks: with nobody's name on them, with a client's, and with a token that tells how old a holder is. An attempt whose
// outcome is unknown succeeds where it can, and changes nothing otherwise.
import { Kind } from "../procedures/Cell.ts"
import type { Cells } from "../procedures/Cell.ts"
import { cellProcedure } from "../procedures/cells.ts"
import { fencing } from "../procedures/fencing.ts"
import type { History, Operation } from "../History.ts"
import type { Model } from "../Model.ts"
import { orGeneral } from "../procedures/race.ts"
import { sameCall } from "./calls.ts"
import { nothing, number, numberOrNull, truth, yes } from "./shapes.ts"

/** A client that is none of the others. */
const NOBODY = -1
const isRead = (x: Operation): boolean => x.return !== null && x.output === false
const sameClientsCall = (x: Operation): string => `${x.client} ${sameCall(x)}`

/**
 * A mutex, free at first: `acquire` waits until it is free, `tryacquire` answers whether it was, `release` frees it,
 * whoever holds it. The state is whether it is held.
 */
export const mutex: Model<boolean> = {
  name: "mutex",
  operations: {
    acquire: { value: nothing, output: yes },
    tryacquire: { value: nothing, output: truth },
    release: { value: nothing, output: yes }
  },
  init: false,
  step: (held, x) => {
    if (isRead(x)) return held ? held : undefined
    if (held === (x.op === "release")) return !held
    return x.return === null && x.op === "tryacquire" ? held : undefined
  },
  reads: isRead,
  alike: sameCall,
  describeState: (held) => (held ? "held" : "free"),
  begins: () => [[], [{ op: "acquire", value: null, output: true }]],
  procedure: (history, model) => cellProcedure(history, model, mutexCells)
}

/**
 * A lock held by a client, free at first: `acquire` waits until it is free, `tryacquire` answers whether it was,
 * `release` answers whether the client held it. The state is the holder.
 */
export const lock: Model<number | null> = {
  name: "lock",
  operations: {
    acquire: { value: nothing, output: yes },
    tryacquire: { value: nothing, output: truth },
    release: { value: nothing, output: truth }
  },
  init: null,
  step: (holder, x) => {
    const changes = holder === (x.op === "release" ? x.client : null)
    if (isRead(x)) return changes ? undefined : holder
    if (changes) return x.op === "release" ? null : x.client
    return x.return === null && x.op !== "acquire" ? holder : undefined
  },
  reads: isRead,
  alike: sameClientsCall,
  describeState: (holder) => (holder === null ? "free" : `held by client ${holder}`),
  begins: (operations) => [
    [],
    ...[NOBODY, ...new Set(operations.map((x) => x.client))].map((client) => [{ op: "acquire", value: null, client, output: true }])
  ],
  procedure: (history, model) => cellProcedure(history, model, ownedLockCells)
}

interface Fence {
  readonly holder: number | null
  /** The holder's token; null where the answer that had it is unknown. */
  readonly token: number | null
  /** The largest token that is known to have been given. */
  readonly last: number | null
}

/**
 * A lock with fencing tokens, free at first: `acquire` waits until it is free and answers a token, larger than all
 * before. `release` answers whether it was held: under this token if it gives one, by this client otherwise. A holder
 * stays one until the release; locks that expire are another model.
 */
export const fencedLock: Model<Fence> = {
  name: "fenced-lock",
  operations: {
    acquire: { value: nothing, output: number },
    release: { value: numberOrNull, output: truth }
  },
  init: { holder: null, token: null, last: null },
  step: (fence, x) => {
    const { holder, last, token } = fence
    if (x.op === "acquire") {
      if (holder !== null) return undefined
      if (x.return === null) return { holder: x.client, token: null, last }
      const given = x.output as number
      return last === null || given > last ? { holder: x.client, token: given, last: given } : undefined
    }
    const named = x.value as number | null
    // A holder whose token is unknown may hold any that is larger than the last known one, or another.
    const mayBe = holder !== null && (named === null ? holder === x.client : token === null ? last === null || named > last : named === token)
    const mustBe = mayBe && (named === null || token !== null)
    if (isRead(x)) return mustBe ? undefined : fence
    if (mayBe) return { holder: null, token: null, last: named ?? last }
    return x.return === null ? fence : undefined
  },
  reads: isRead,
  alike: sameClientsCall,
  describeState: ({ holder, token }) =>
    holder === null ? "free" : `held by client ${holder}${token === null ? "" : ` with token ${token}`}`,
  procedure: (history, model) => orGeneral(history, model, fencing(history))
}

const FREE = 0

/**
 * A lock as a cell: free, or held by somebody. `holderOf` gives the number of who is meant, by row, from 1; `trying`, the
 * names of operations that may fail.
 */
const lockCells = (history: History, holderOf: (row: number) => number, trying: ReadonlyArray<string>): Cells => {
  const { length, opNames, ops, outputs, texts } = history
  const release = opNames.indexOf("release")
  const failed = texts.of(false)
  const known = new Uint8Array(length).fill(Kind.SWAP)
  const open = Uint8Array.from(ops, (op) => (trying.includes(opNames[op]!) ? Kind.TRY : Kind.SWAP))
  const a = new Int32Array(length)
  const b = new Int32Array(length)
  let values = 1
  for (let row = 0; row < length; row++) {
    const holder = holderOf(row)
    const releases = ops[row] === release
    if (outputs[row] === failed) known[row] = Kind.NOT
    a[row] = releases ? holder : FREE
    b[row] = releases ? FREE : holder
    if (holder >= values) values = holder + 1
  }
  return { known, open, a, b, init: FREE, values }
}

export const mutexCells = (history: History): Cells => lockCells(history, () => 1, ["tryacquire"])

export const ownedLockCells = (history: History): Cells => {
  const numbers = new Map<number, number>()
  const holderOf = (row: number): number => {
    const client = history.clients[row]!
    const number = numbers.get(client) ?? numbers.size + 1
    numbers.set(client, number)
    return number
  }
  return lockCells(history, holderOf, ["tryacquire", "release"])
}
