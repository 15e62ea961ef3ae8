// `lockstep/linearizability/fast-check`: concurrent clients against a system under test. Random programs and schedules,
// made small when the history that comes of them is not linearizable.
import fc from "fast-check"
import type { CheckOptions } from "../check.ts"
import { judge } from "./judge.ts"
import type { Model } from "../Model.ts"
import { Recorder } from "./recorder.ts"
import type { Recorded, RecorderOptions } from "./recorder.ts"
import { Schedule } from "./Schedule.ts"
import { canonical } from "../Texts.ts"

export { Schedule } from "./Schedule.ts"

/** One operation of a client, and how it is done. */
export interface Command<System> extends Recorded<never> {
  /** What it resolves to is the output (null where that is undefined), unless `output` tells otherwise. */
  readonly run: (system: System, client: number) => Promise<unknown>
}

export interface Concurrency<System> extends Pick<RecorderOptions, "hasFailed" | "timeoutMs">, Pick<CheckOptions, "memoryBytes"> {
  /**
   * A new system for every run. What is asynchronous in it may wait for its turn by `schedule.step(label)`: then the same
   * program and choices always lead to the same history, and a failure shrinks to a small program and a simple schedule.
   */
  readonly system: (schedule: Schedule) => System | Promise<System>
  /** Ends a run, whatever came of it. */
  readonly close?: (system: System) => void | Promise<void>
  readonly commands: fc.Arbitrary<Command<System>>
  /** How many clients there are at most; 3 unless told. */
  readonly clients?: number
  /** How many commands a client has at most; 5 unless told. */
  readonly length?: number
  /** How often each program is run; 1 unless told. More helps where a system takes no heed of the schedule. */
  readonly repetitions?: number
}

/** What clients do, and who goes when. */
interface Program<System> {
  readonly clients: ReadonlyArray<ReadonlyArray<Command<System>>>
  readonly choices: ReadonlyArray<number>
}

/** A run whose history is not linearizable, or undecided. The message has the program, the steps, and the explanation. */
export class NotLinearizable extends Error {
  override readonly name = "NotLinearizable"
}

/**
 * A property for `fc.assert`: whatever clients do at the same time, the history is linearizable for `model`.
 *
 * ```ts
 * await fc.assert(
 *   linearizable(kv, {
 *     system: (schedule) => new Server(schedule),
 *     commands: fc.oneof(
 *       key.map((key) => ({ op: "get", key, run: (server: Server) => server.get(key) })),
 *       fc.tuple(key, value).map(([key, value]) => ({ op: "put", key, value, run: (server: Server) => server.put(key, value) }))
 *     )
 *   })
 * )
 * ```
 */
export const linearizable = <System>(model: Model, concurrency: Concurrency<System>): fc.IAsyncProperty<[Program<System>]> => {
  const { clients = 3, commands, length = 5, repetitions = 1 } = concurrency
  // Arrays shrink from their beginning only; with commands that shrink to none anything can be left out.
  const program = fc
    .record({
      clients: fc.array(fc.array(fc.option(commands, { freq: 99 }), { minLength: 1, maxLength: length, size: "max" }), {
        minLength: 1,
        maxLength: clients,
        size: "max"
      }),
      choices: fc.array(fc.nat(31), { maxLength: 4 * clients * length, size: "max" })
    })
    .map(({ choices, clients }) => {
      const program = { choices, clients: clients.map((some) => some.filter((command) => command !== null)) }
      return { ...program, [fc.toStringMethod]: () => programText(program) }
    })
  return fc.asyncProperty(program, async (program) => {
    for (let k = 0; k < repetitions; k++) await run(model, concurrency, program)
  })
}

const run = async <System>(
  model: Model,
  { close, hasFailed, memoryBytes, system: make, timeoutMs }: Concurrency<System>,
  program: Program<System>
): Promise<void> => {
  const recorder = new Recorder({ ...(hasFailed && { hasFailed }), ...(timeoutMs !== undefined && { timeoutMs }) })
  const schedule = new Schedule(program.choices)
  const system = await make(schedule)
  try {
    const client = async (commands: ReadonlyArray<Command<System>>, c: number) => {
      const { perform } = recorder.wrap(
        { perform: (command: Command<System>) => command.run(system, c) },
        { perform: ({ run, ...command }) => command as Recorded<unknown> }
      )
      for (const command of commands) {
        await schedule.step(`client ${c} calls ${commandText(command)}`)
        // What an error means for the outcome is for the recorder to say.
        await perform(command).catch(() => {})
      }
    }
    await schedule.until(Promise.all(program.clients.map(client)))
  } finally {
    await close?.(system)
  }
  const { text, verdict } = judge(recorder.history(), model, memoryBytes === undefined ? {} : { memoryBytes })
  if (verdict === "ok") return
  const steps = schedule.taken.map((label, k) => `${String(k + 1).padStart(4)}  ${label}`)
  throw new NotLinearizable([text, "", "The program:", programText(program), "", "Its steps:", ...steps].join("\n"))
}

const programText = <System>({ choices, clients }: Program<System>): string =>
  [
    ...clients.flatMap((commands, c) => (commands.length === 0 ? [] : [`client ${c}: ${commands.map(commandText).join("; ")}`])),
    `choices: [${choices.join(", ")}]`
  ].join("\n")

const commandText = ({ key, op, value = null }: Pick<Command<never>, "key" | "op" | "value">): string =>
  `${op}(${[key, ...(value === null ? [] : [value])].map(canonical).join(", ")})`
