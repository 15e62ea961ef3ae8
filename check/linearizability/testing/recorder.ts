// A history from any asynchronous client: calls and returns are written down as they happen, on one clock.
import { History } from "../History.ts"
import type { Operation } from "../History.ts"
import type { OnlineChecker, Violation } from "../online.ts"
import type { Json } from "../Texts.ts"

/** What a call of a client's method is, as an operation of a model. */
export interface Recorded<Result> {
  readonly op: string
  readonly key: string
  /** null unless told. */
  readonly value?: Json
  /** The output of the operation; unless told, the result itself, or null where it is undefined. */
  readonly output?: (result: Result) => Json
  /** A read that may be answered with an old value. */
  readonly stale?: true
}

/** For each method to be recorded, what its calls are. */
export type Calls<Client> = {
  readonly [Method in keyof Client]?: Client[Method] extends (...args: infer Args) => Promise<infer Result>
    ? (...args: Args) => Recorded<Result>
    : never
}

export interface RecorderOptions {
  /**
   * Does this error mean that the operation certainly had no effect, and never will? Unless told none does: whoever got an
   * error or a timeout knows nothing, and the outcome is unknown.
   */
  readonly hasFailed?: (error: unknown) => boolean
  /** After so many milliseconds an operation is given up: its outcome is unknown, and the call rejects with an OperationTimeout. */
  readonly timeoutMs?: number
  /** Checks the history while it is recorded. */
  readonly online?: { readonly checker: OnlineChecker; readonly onViolation: (violation: Violation) => void }
}

/** An operation took longer than the recorder's `timeoutMs`. */
export class OperationTimeout extends Error {
  override readonly name = "OperationTimeout"
}

/**
 * Records what its clients do.
 *
 * ```ts
 * const recorder = new Recorder()
 * const client = recorder.wrap(connect(), {
 *   get: (key) => ({ op: "get", key }),
 *   put: (key, value) => ({ op: "put", key, value, output: () => null })
 * })
 * await Promise.all([client.put("x", "a"), client.get("x")])
 * checkLinearizable(recorder.history(), kv)
 * ```
 *
 * Times are integer nanoseconds since the recorder was made, and all different, in the order in which things happened. A
 * client's number stands for one operation at a time: calls that overlap have numbers of their own, and a client that goes
 * on after an unknown outcome gets a new one.
 */
export class Recorder {
  readonly #options: RecorderOptions
  readonly #start = process.hrtime.bigint()
  readonly #operations: Array<Operation> = []
  #latest = -1
  #clients = 0

  constructor(options: RecorderOptions = {}) {
    this.#options = options
  }

  /**
   * The same client, recorded. Methods that `calls` does not name are left alone. With `keepsNumber` the client has one number
   * whatever happens: for models that tell clients apart, such as locks.
   */
  wrap<Client extends object>(client: Client, calls: Calls<Client>, { keepsNumber = false } = {}): Client {
    const free = [this.#clients++]
    const take = () => (keepsNumber ? free[0]! : (free.pop() ?? this.#clients++))
    return new Proxy(client, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== "function") return method
        const describe = calls[name as keyof Client] as ((...args: Array<unknown>) => Recorded<unknown>) | undefined
        const call = (...args: Array<unknown>): unknown => Reflect.apply(method, target, args)
        if (describe === undefined) return call
        return async (...args: Array<unknown>) => {
          const number = take()
          const { isOver, result } = await this.#record(number, describe(...args), () => call(...args))
          if (isOver && !keepsNumber) free.push(number)
          return result()
        }
      }
    })
  }

  /** What has been recorded so far. What has not returned yet is of unknown outcome. */
  history(): History {
    return History.of(this.#operations)
  }

  #now(): number {
    return (this.#latest = Math.max(this.#latest + 1, Number(process.hrtime.bigint() - this.#start)))
  }

  /** Performs an operation. `isOver` says whether its outcome is known. */
  async #record(client: number, { key, op, output, stale, value = null }: Recorded<unknown>, perform: () => unknown) {
    const x: Operation = { client, op, key, value, call: this.#now(), return: null, output: null, ...(stale === undefined ? {} : { stale }) }
    const row = this.#operations.push(x) - 1
    const checker = this.#options.online?.checker
    const ticket = checker?.invoke(x, x.call)
    let answer: unknown
    try {
      answer = await this.#inTime(perform)
    } catch (error) {
      const isOver = this.#options.hasFailed?.(error) === true
      if (isOver) this.#operations[row] = { ...x, applied: false }
      if (!isOver) checker?.unknown(ticket!)
      else this.#report(checker?.fail(ticket!))
      const result = () => {
        throw error
      }
      return { isOver, result }
    }
    const returned = this.#now()
    const known = output === undefined ? ((answer ?? null) as Json) : output(answer)
    this.#operations[row] = { ...x, return: returned, output: known }
    this.#report(checker?.complete(ticket!, returned, known))
    return { isOver: true, result: () => answer }
  }

  #report(violation: Violation | undefined) {
    if (violation !== undefined) this.#options.online!.onViolation(violation)
  }

  async #inTime(perform: () => unknown): Promise<unknown> {
    const { timeoutMs } = this.#options
    if (timeoutMs === undefined) return await perform()
    const { promise, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(new OperationTimeout(`no answer within ${timeoutMs} ms`)), timeoutMs)
    try {
      return await Promise.race([perform(), promise])
    } finally {
      clearTimeout(timer)
    }
  }
}
