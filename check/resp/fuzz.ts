/**
 * Nonsense for the RESP server: conversations that make sense, damaged at random. Whatever comes in, the server must go
 * on: each answer is well-formed, there are as many as commands, memory is bounded, and a client beside it doesn't notice.
 *
 *     node check/resp/fuzz.ts --inputs 1000000 --seed 1
 *
 * One in 200 of the inputs comes over a socket. The seed decides the inputs, not when sockets deliver them.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as net from "node:net"
import { parseArgs } from "node:util"
import { Random } from "../Random.ts"
import type { Surroundings } from "../../src/shell/resp/Command.ts"
import { connect } from "../../src/shell/resp/RespConnection.ts"
import { RespServer } from "../../src/shell/resp/RespServer.ts"
import { type Bytes, CommandParser, encodeCommand, ProtocolError, ReplyParser } from "../../src/shell/resp/Resp.ts"
import { layerFakes, memoryReplica, MemoryGateway, Terminal, testLimits, testServer } from "./fakes.ts"

export interface FuzzResult {
  readonly inputs: number
  readonly bytes: number
  readonly answers: number
  /** Of each kind of answer: its type, and of errors the first words. */
  readonly kinds: ReadonlyMap<string, number>
  /** Most memory that was in use, in MB. */
  readonly heap: number
}

const letters = ["a", "b", "k", "key", "", "\0\xff", "\r\n", "constructor", "__proto__", "v".repeat(200), "k".repeat(64)]
const words = [...letters, ..."GET SET NX XX EX 0 1 2 3 -1 put append cas delete get".split(" ")]

/** Commands that make sense, as often as not. */
const sensible: ReadonlyArray<(random: Random) => ReadonlyArray<Bytes>> = [
  (r) => ["SET", r.of(letters), r.of(letters), ...r.percent(40) ? [r.of(words)] : []],
  (r) => ["SET", r.of(letters), r.of(letters), "GET", r.of(["NX", "XX", "xx"])],
  (r) => [r.of(["GET", "get", "STRLEN", "DEL", "EXISTS", "MGET"]), r.of(letters), ...r.percent(20) ? [r.of(letters)] : []],
  (r) => ["APPEND", r.of(letters), r.of(letters)],
  (r) => ["PING", ...r.percent(50) ? [r.of(letters)] : []],
  (r) => ["HELLO", r.of(["2", "3", "3", "4"]), ...r.percent(30) ? ["SETNAME", r.of(letters)] : []],
  (r) => ["CLIENT", r.of(["ID", "GETNAME", "SETNAME", "INFO", "LIST", "SETINFO"]), ...r.percent(40) ? [r.of(words)] : []],
  (r) => ["COMMAND", r.of(["COUNT", "DOCS", "INFO"]), r.of(["get", "set", "nope"])],
  (r) => [r.of(["INFO", "SELECT", "RESET", "ECHO", "INCR", "NOPE"]), r.of(words)],
  () => ["LOCKSTEP.OPEN", "1000"],
  (r) => ["LOCKSTEP.DO", `${1 + r.below(9)}`, r.of(words), "1", "get", r.of(letters)],
  (r) => ["LOCKSTEP.DO", `${1 + r.below(9)}`, `${1 + r.below(99)}`, "1", r.of(["put", "cas"]), r.of(letters), r.of(letters)],
  (r) => Array.from({ length: 1 + r.below(5) }, () => r.of(words))
]

const inline = (args: ReadonlyArray<Bytes>): Bytes =>
  `${args.map((arg) => /^\w+$/.test(arg) ? arg : JSON.stringify(arg)).join(" ")}\r\n`

const conversation = (random: Random): Bytes => {
  let bytes = ""
  for (let n = 1 + random.below(4); n > 0; n--) {
    const command = random.of(sensible)(random)
    bytes += random.percent(80) ? encodeCommand(command) : inline(command)
  }
  return bytes
}

const numbers = ["-1", "0", "1", "2", "00", "+1", "1e1", "999", "1024", "1025", "2147483648", "99999999999999999999", "", " "]
const noise = ["\r", "\n", "\r\n", "*", "$", "$-1\r\n", "*0\r\n", "*2\r\n", "\"", "'", "\\x", "\0", "\xff", " "]

const damages: ReadonlyArray<(bytes: Bytes, random: Random) => Bytes> = [
  // A bit flips.
  (bytes, random) => {
    const at = random.below(bytes.length)
    return bytes.slice(0, at) + String.fromCharCode(bytes.charCodeAt(at) ^ (1 << random.below(8))) + bytes.slice(at + 1)
  },
  // The end is missing, or the beginning.
  (bytes, random) => bytes.slice(0, random.below(bytes.length)),
  (bytes, random) => bytes.slice(random.below(bytes.length)),
  // A number is another.
  (bytes, random) => {
    const places = [...bytes.matchAll(/[*$]\d+/g)]
    if (places.length === 0) return bytes
    const { 0: { length }, index } = random.of(places)
    return bytes.slice(0, index + 1) + random.of(numbers) + bytes.slice(index + length)
  },
  // Something is in between, or there twice, or is another conversation's.
  (bytes, random) => {
    const at = random.below(bytes.length)
    return bytes.slice(0, at) + random.of(noise) + bytes.slice(at)
  },
  (bytes, random) => {
    const at = random.below(bytes.length)
    return bytes.slice(0, at) + bytes.slice(at - random.below(at + 1))
  },
  (bytes, random) => bytes.slice(0, random.below(bytes.length)) + conversation(random)
]

const nextInput = (random: Random): Bytes => {
  let bytes = conversation(random)
  for (let n = random.below(4); n > 0 && bytes !== ""; n--) bytes = random.of(damages)(bytes, random)
  return bytes
}

/** The kinds of the answers in it, of which there must be a whole number. */
export const answersIn = (output: Bytes): ReadonlyArray<string> => {
  const parser = new ReplyParser()
  parser.push(Buffer.from(output, "latin1"))
  const kinds: Array<string> = []
  for (;;) {
    const answer = parser.next()
    if (answer instanceof ProtocolError) throw new Error(`answers that aren't RESP: ${JSON.stringify(output)}`)
    if (answer === undefined) break
    kinds.push(answer.type === "error" ? answer.text.split(" ").slice(0, 3).join(" ") : answer.type)
  }
  if (parser.unfinished) throw new Error(`an answer is cut off: ${JSON.stringify(output)}`)
  return kinds
}

/** How many answers there must be: read in one piece, by a parser of its own. */
const commandsIn = (bytes: Bytes): number => {
  const parser = new CommandParser({ arguments: 1024, bytes: 2 * (testLimits.key + testLimits.value) })
  parser.push(Buffer.from(bytes, "latin1"))
  for (let n = 0;; n++) {
    const command = parser.next()
    if (command === undefined) return n
    if (command instanceof ProtocolError || /^(QUIT|POST|HOST:)$/i.test(command[0]!)) return n + 1
  }
}

const answersTo = (input: Bytes, output: Bytes): ReadonlyArray<string> => {
  const kinds = answersIn(output)
  const expected = commandsIn(input)
  if (kinds.length === expected) return kinds
  throw new Error(`${kinds.length} answers to ${expected} commands: ${JSON.stringify(input)}, ${JSON.stringify(output)}`)
}

class Tally {
  readonly kinds = new Map<string, number>()
  inputs = 0
  bytes = 0
  answers = 0
  heap = 0

  add(input: Bytes, kinds: ReadonlyArray<string>): void {
    this.inputs++
    this.bytes += input.length
    this.answers += kinds.length
    for (const kind of kinds) this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1)
    if (this.inputs % 100 === 0) this.heap = Math.max(this.heap, process.memoryUsage().heapUsed / 2 ** 20)
  }
}

/** What a server may have done with its memory by the end, in MB; all keys and sessions of the fuzz fit in easily. */
const heapLimit = 512

/** In memory, without sockets: parser, commands, conversation. Throws at the first thing that is wrong. */
export const fuzzInMemory = (
  inputs: number,
  seed: number,
  makeServer: () => Surroundings = () => testServer()
): FuzzResult => {
  const random = new Random(seed)
  const tally = new Tally()
  let server = makeServer()
  let witness = new Terminal(server)
  for (let n = 0; n < inputs; n++) {
    // Sessions are never closed here.
    if (n % 10_000 === 0) {
      server = makeServer()
      witness = new Terminal(server)
    }
    const input = nextInput(random)
    try {
      const terminal = new Terminal(server)
      for (let at = 0; at < input.length;) {
        const next = random.percent(30) ? at + 1 + random.below(5) : input.length
        terminal.send(input.slice(at, next))
        at = next
      }
      terminal.conversation.heardAll()
      tally.add(input, answersTo(input, terminal.output))
      if (!terminal.ended || terminal.paused) throw new Error("the conversation has not ended")
      if (n % 16 === 0) {
        witness.output = ""
        witness.send(`SET witness ${n}\r\nGET witness\r\n`)
        const right = `+OK\r\n$${String(n).length}\r\n${n}\r\n`
        if (witness.output !== right) throw new Error(`a client beside it heard ${JSON.stringify(witness.output)}`)
      }
    } catch (cause) {
      throw new Error(`input ${n} of seed ${seed}: ${JSON.stringify(input)}`, { cause })
    }
  }
  if (tally.heap > heapLimit) throw new Error(`${tally.heap} MB of memory`)
  return tally
}

/** Over sockets, some at once, each cut off or ended in its own way. Throws at the first thing that is wrong. */
export const fuzzSockets = (inputs: number, seed: number): Promise<FuzzResult> => {
  const random = new Random(seed)
  const tally = new Tally()
  const gateway = new MemoryGateway(() => random.percent(50) ? Effect.void : Effect.yieldNow)
  const listen = { host: "127.0.0.1", port: 0 }
  const server = RespServer.layer({ listen, addresses: new Map(), limits: testLimits }).pipe(
    Layer.provide(layerFakes(gateway.service, memoryReplica()))
  )
  return Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const { port } = yield* RespServer
    const { command } = yield* connect({ host: "127.0.0.1", port, connectTimeout: 5000 })
    for (let n = 0; n < inputs; n += 16) {
      const together = Array.from({ length: 16 }, () => nextInput(random))
      const heard = Effect.promise(() => Promise.all(together.map((input) => talk(port, input, random))))
      const witness = Effect.forEach(["a", "b", "c"], (value) =>
        Effect.andThen(
          Effect.forkChild(command(["SET", "witness", `${n}${value}`]), { startImmediately: true }),
          Effect.map(command(["GET", "witness"]), (got) => {
            if (got.type === "bulk" && got.value === `${n}${value}`) return
            throw new Error(`a client beside it heard ${JSON.stringify(got)}`)
          })
        ))
      const [outputs] = yield* Effect.all([heard, witness], { concurrency: 2 })
      for (const [k, output] of outputs.entries()) {
        tally.add(together[k]!, output === undefined ? [] : answersTo(together[k]!, output))
      }
    }
    return tally
  })).pipe(Effect.provide(server)))
}

/** All that is heard of a server until it has closed; `undefined` when we have broken off. */
const talk = (port: number, input: Bytes, random: Random): Promise<Bytes | undefined> =>
  new Promise((resolve, reject) => {
    const breaksOff = random.percent(20)
    const cut = random.below(input.length + 1)
    let output = ""
    const socket = net.connect({ host: "127.0.0.1", port, allowHalfOpen: true }, () => {
      socket.write(input.slice(0, cut), "latin1")
      setImmediate(() => {
        if (breaksOff) socket.resetAndDestroy()
        else socket.end(input.slice(cut), "latin1")
      })
    })
    socket.on("data", (chunk) => output += chunk.toString("latin1"))
    socket.on("error", () => {})
    socket.setTimeout(10_000, () => {
      reject(new Error(`no end: ${JSON.stringify(input)}`))
      socket.destroy()
    })
    socket.on("close", () => resolve(breaksOff ? undefined : output))
  })

if (import.meta.main) {
  const { values } = parseArgs({ options: { inputs: { type: "string" }, seed: { type: "string" } } })
  const inputs = Number(values.inputs ?? 1_000_000)
  const seed = Number(values.seed ?? 1)
  for (const run of [fuzzInMemory, fuzzSockets]) {
    const count = run === fuzzInMemory ? inputs : Math.ceil(inputs / 200)
    const begun = performance.now()
    const { answers, bytes, heap, inputs: done, kinds } = await run(count, seed)
    const seconds = ((performance.now() - begun) / 1000).toFixed(1)
    const cost = `${Math.round(heap)} MB, ${seconds} s`
    console.log(`${run.name}: ${done} inputs (${bytes} bytes), ${answers} answers, all well; ${cost}`)
    for (const [kind, times] of [...kinds].sort((a, b) => b[1] - a[1]).slice(0, 25)) console.log(`  ${times} ${kind}`)
  }
}
