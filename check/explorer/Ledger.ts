/**
 * How threads agree on numbers: a shared log of the values numbered so far, that only grows. Every thread reads it from
 * the beginning, so the n-th value of a kind has number n in each. To number a new value a thread takes the lock, reads
 * what others have added, and adds the value if it still isn't there.
 */

/** A value as its JSON text, or a cell; `tag` is an actor's position, a message's destination, or a cell's actor. */
export type Entry =
  | { readonly kind: "actor" | "message" | "ghost"; readonly tag: number; readonly text: string }
  | { readonly kind: "cell"; readonly tag: number; readonly messages: ReadonlyArray<number> }

const kinds = ["actor", "message", "ghost", "cell"] as const

/** What the log has of an entry: UTF-16 codes of its text, or its messages. */
const itemsOf = (entry: Entry): ReadonlyArray<number> =>
  entry.kind === "cell"
    ? entry.messages
    : Array.from({ length: entry.text.length }, (_, at) => entry.text.charCodeAt(at))

const entryOf = (kind: Entry["kind"], tag: number, items: ReadonlyArray<number>): Entry =>
  kind === "cell"
    ? { kind, tag, messages: items }
    : { kind, tag, text: items.map((code) => String.fromCharCode(code)).join("") }

/** What the threads share of a ledger. */
export interface LedgerBuffers {
  /** The lock (0: free), and the number of words in the log. */
  readonly control: Int32Array
  readonly log: SharedArrayBuffer
}

export const ledgerBuffers = (): LedgerBuffers => ({
  control: new Int32Array(new SharedArrayBuffer(8)),
  log: new SharedArrayBuffer(2 ** 16, { maxByteLength: 2 ** 31 })
})

export class Ledger {
  private readonly control: Int32Array
  private readonly log: SharedArrayBuffer
  private readonly words: Int32Array
  /** Words read so far. */
  private position = 0

  constructor({ control, log }: LedgerBuffers) {
    this.control = control
    this.log = log
    this.words = new Int32Array(log)
  }

  /** Gives every entry not read yet to `apply`, in order. */
  read(apply: (entry: Entry) => void): void {
    const end = Atomics.load(this.control, 1)
    while (this.position < end) {
      const start = this.position + 3
      const last = start + this.words[this.position + 2]!
      const kind = kinds[this.words[this.position]!]!
      const entry = entryOf(kind, this.words[this.position + 1]!, Array.from(this.words.subarray(start, last)))
      this.position = last
      apply(entry)
    }
  }

  /** Runs with the lock held; the entry that `run` gives, if any, is added, as one that this thread has read. */
  locked(run: () => Entry | undefined): void {
    while (Atomics.compareExchange(this.control, 0, 0, 1) !== 0) Atomics.wait(this.control, 0, 1, 1)
    try {
      const entry = run()
      if (entry !== undefined) this.append(entry)
    } finally {
      Atomics.store(this.control, 0, 0)
      Atomics.notify(this.control, 0, 1)
    }
  }

  private append(entry: Entry): void {
    const items = itemsOf(entry)
    const end = this.position + 3 + items.length
    while (4 * end > this.log.byteLength) this.log.grow(Math.min(2 * this.log.byteLength, this.log.maxByteLength))
    this.words.set([kinds.indexOf(entry.kind), entry.tag, items.length], this.position)
    this.words.set(items, this.position + 3)
    this.position = end
    Atomics.store(this.control, 1, end)
  }
}
