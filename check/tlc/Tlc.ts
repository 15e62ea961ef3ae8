// Runs TLC as a child process of a scope: whoever is interrupted while it runs leaves no Java and no files behind.
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Runtime from "effect/Runtime"
import * as Stream from "effect/Stream"
import type * as PlatformError from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import type * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import { closeSync, constants, existsSync, openSync } from "node:fs"
import { Socket } from "node:net"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { DotReader } from "./Dot.ts"
import type { GraphSink } from "./Dot.ts"
import { NoJava } from "./Jar.ts"
import { ReportReader } from "./Report.ts"
import type { Progress, TlcReport } from "./Report.ts"

/** The specification, its configuration or the trace in it is not one that TLC can run. Users mend the file. */
export class SpecRefused extends Data.TaggedError("SpecRefused")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 2
}

/** TLC ended without saying anything about the specification: out of memory, a full disk, a killed process. */
export class TlcCrashed extends Data.TaggedError("TlcCrashed")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 4
}

export interface TlcRun {
  /** The jar (`findJar`). */
  readonly jar: string
  /** The folder of the module and its configuration. */
  readonly dir: string
  /** The module's name, without `.tla`. */
  readonly module: string
  /** The configuration's file name in `dir`; by default the module's name with `.cfg`. */
  readonly config?: string
  /** A further folder where modules are looked for. */
  readonly library?: string
  /** Threads; by default one per core. Depth is exact with one only. */
  readonly workers?: number
  /** Further arguments of TLC, such as `-deadlock`, `-simulate`, `num=10`. */
  readonly options?: ReadonlyArray<string>
  /** Java's largest heap; by default Java's own choice, a quarter of the memory. */
  readonly heapMb?: number
  /** Called with each progress report: the first after 3 s, then one a minute (TLC's fixed rate). */
  readonly onProgress?: (progress: Progress) => Effect.Effect<void>
  /** Takes the state graph while TLC finds it. Not to be combined with symmetry or a view. */
  readonly graph?: GraphSink
  /** When this completes, TLC is ended and the result is what it had reported so far, with the outcome "stopped". */
  readonly stop?: Effect.Effect<void>
}

export interface TlcResult extends TlcReport {
  /** Wall time, Java's start included. */
  readonly seconds: number
}

/** Runs TLC on a module to its end. Violations are results; errors are a specification that cannot run at all. */
export const runTlc = Effect.fnUntraced(function*(run: TlcRun): Effect.fn.Return<
  TlcResult,
  SpecRefused | TlcCrashed | NoJava,
  FileSystem.FileSystem | ChildProcessSpawner.ChildProcessSpawner
> {
  const files = yield* FileSystem.FileSystem
  const config = run.config ?? `${run.module}.cfg`
  const began = performance.now()
  const reader = new ReportReader(run.module, config)
  const stderr: Array<string> = []
  if (!existsSync(run.dir)) return yield* new SpecRefused({ message: `${run.dir}: no such folder` })

  let graphComplete = () => true
  const outcome = yield* Effect.scoped(Effect.gen(function*() {
    const temporary = yield* files.makeTempDirectoryScoped({ prefix: "tlc-" })
    const pipe = run.graph && (yield* graphPipe(join(temporary, "graph.dot"), run.graph))
    if (pipe) graphComplete = pipe.isComplete
    const java = yield* ChildProcess.make("java", javaArguments(run, config, temporary, pipe?.path), {
      cwd: run.dir, stdin: "ignore", killSignal: "SIGTERM", forceKillAfter: "2 seconds"
    }).pipe(Effect.mapError((error) => isNotFound(error) ? new NoJava() : error))
    const output = java.stdout.pipe(
      Stream.decodeText(), Stream.splitLines,
      Stream.runForEach((line) => {
        const progress = reader.line(line)
        return progress && run.onProgress ? run.onProgress(progress) : Effect.void
      })
    )
    const complaints = java.stderr.pipe(
      Stream.decodeText(), Stream.splitLines,
      Stream.runForEach((line) => Effect.sync(() => void stderr.push(line)))
    )
    const toItsEnd = Effect.gen(function*() {
      const exitCode = yield* java.exitCode
      if (pipe) yield* pipe.finish
      return exitCode as number | "stopped"
    })
    const all = Effect.all([toItsEnd, output, complaints, ...(pipe ? [pipe.drain] : [])], { concurrency: "unbounded" })
      .pipe(Effect.map(([exitCode]) => exitCode))
    const stopped = run.stop?.pipe(Effect.as("stopped" as const))
    return yield* stopped ? Effect.raceFirst(all, stopped) : all
  })).pipe(Effect.catchTag("PlatformError", (error) => new TlcCrashed({ message: `TLC: ${error.message}` })))

  const refusal = reader.refusal()
  if (refusal !== undefined) return yield* new SpecRefused({ message: refusal })
  if (outcome !== "stopped" && !reader.complete) {
    const last = stderr.find((line) => line.trim() !== "") ?? "no message"
    return yield* new TlcCrashed({ message: `TLC ended with exit code ${outcome}: ${last}` })
  }
  const report = yield* Effect.try({
    try: () => reader.report(outcome === "stopped"),
    catch: (error) => new TlcCrashed({ message: `TLC: ${(error as Error).message}` })
  })
  if (report.outcome === "ok" && !graphComplete()) {
    return yield* new TlcCrashed({ message: "the dump of the state graph ends too early" })
  }
  return { ...report, seconds: (performance.now() - began) / 1000 }
})

// The jar unpacks its standard modules into java.io.tmpdir, and names its state folder by the second it was started
// in: without folders of their own, two runs at once trip over each other. `-fp 0`, because the polynomial is drawn
// by lot otherwise and no two dumps name a state alike.
function javaArguments(run: TlcRun, config: string, temporary: string, dump: string | undefined): Array<string> {
  return [
    "-XX:+UseParallelGC", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", `-Djava.io.tmpdir=${temporary}`,
    ...(run.heapMb === undefined ? [] : [`-Xmx${run.heapMb}m`]),
    ...(run.library === undefined ? [] : [`-DTLA-Library=${run.library}`]),
    "-cp", run.jar, "tlc2.TLC", "-tool", "-fp", "0", "-workers", String(run.workers ?? availableParallelism()),
    "-metadir", temporary, "-config", config,
    ...(dump === undefined ? [] : ["-dump", "dot,actionlabels", dump]),
    ...(run.options ?? []), run.module
  ]
}

/**
 * A named pipe that hands all that is written into it to the sink. It is held open for writing until `finish`, so
 * that it does not end before TLC opens it, and does end if TLC never opens it; `drain` waits for that end.
 */
const graphPipe = Effect.fnUntraced(function*(path: string, sink: GraphSink) {
  const made = yield* ChildProcess.make("mkfifo", [path], { stdin: "ignore" }).pipe(
    Effect.flatMap((mkfifo) => mkfifo.exitCode),
    Effect.catch((error) => new TlcCrashed({ message: `no named pipe can be made here: ${error.message}` }))
  )
  if (made !== 0) return yield* new TlcCrashed({ message: `mkfifo ended with exit code ${made}` })
  const socket = yield* Effect.acquireRelease(
    Effect.sync(() => new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), writable: false })),
    (socket) => Effect.sync(() => void socket.destroy())
  )
  let held: number | undefined = openSync(path, "w")
  const finish = Effect.sync(() => {
    if (held !== undefined) closeSync(held)
    held = undefined
  })
  yield* Effect.addFinalizer(() => finish)

  const reader = new DotReader(sink)
  let complete = false
  const drain = Effect.callback<void, TlcCrashed>((resume) => {
    const fail = (error: Error) => {
      socket.destroy()
      resume(Effect.fail(new TlcCrashed({ message: `the dump of the state graph: ${error.message}` })))
    }
    socket.on("data", (bytes) => {
      try {
        reader.push(bytes)
      } catch (error) {
        fail(error as Error)
      }
    })
    socket.on("error", fail)
    socket.on("end", () => {
      complete = reader.end()
      resume(Effect.void)
    })
  })
  return { path, finish, drain, isComplete: () => complete }
})

function isNotFound(error: PlatformError.PlatformError): boolean {
  return error.reason._tag === "NotFound"
}
