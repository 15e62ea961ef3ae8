// Goal: what package.json exports is there once built, and works as JavaScript. Method: build it elsewhere, and import it.
import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"
import packageJson from "../../package.json" with { type: "json" }

const root = fileURLToPath(new URL("../../", import.meta.url))

it("the library builds to JavaScript with declarations, and each entry point can be used", () => {
  const dir = mkdtempSync(join(tmpdir(), "lockstep-dist-"))
  const dist = join(dir, "dist")
  execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", join(root, "tsconfig.build.json"), "--outDir", dist])
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"))
  const entries = Object.values(packageJson.exports)
  expect(entries.length).toBeGreaterThanOrEqual(4)
  for (const entry of entries) {
    expect(existsSync(join(dir, entry.default)), entry.default).toBe(true)
    expect(existsSync(join(dir, entry.types)), entry.types).toBe(true)
  }
  expect(existsSync(join(dir, packageJson.bin.lockstep))).toBe(true)
  // A package may import itself by name.
  const { exports, name, type } = packageJson
  writeFileSync(join(dir, "package.json"), JSON.stringify({ exports, name, type }))
  writeFileSync(join(dir, "use.js"), `
    import fc from "fast-check"
    import { connect, Unavailable } from "lockstep/client"
    import { makeClerk } from "lockstep/clerk"
    import { figure2, InitServer, Timeout } from "lockstep/raft"
    import { checkLinearizable, kv } from "lockstep/linearizability"
    import { linearizable } from "lockstep/linearizability/fast-check"
    const put = { client: 1, op: "put", key: "k", value: "v", call: 1, return: 2, output: null }
    const get = { client: 2, op: "get", key: "k", value: null, call: 3, return: 4, output: "w" }
    const role = Timeout(InitServer("s1", ["s1", "s2"], figure2)).server.role
    const command = { op: "get", key: "k", run: async (answer) => answer }
    const property = (answer) => linearizable(kv, { system: () => answer, commands: fc.constant(command) })
    const fails = async (answer) => (await fc.check(property(answer), { numRuns: 5 })).failed
    console.log(role, checkLinearizable([put, { ...get, output: "v" }], kv).verdict, checkLinearizable([put, get], kv).verdict, await fails("v"), await fails(null))
    const client = connect({ servers: ["127.0.0.1:1"], patience: 100 })
    console.log(await client.get("k").catch((error) => error instanceof Unavailable), typeof makeClerk)
    await client.close()
  `)
  expect(execFileSync(process.execPath, [join(dir, "use.js")], { encoding: "utf8" }).trim()).toBe("candidate ok illegal true false\ntrue function")

  // TypeScript knows the matcher, and vitest runs it.
  writeFileSync(join(dir, "matcher.test.ts"), `
    import { kv } from "lockstep/linearizability"
    import "lockstep/linearizability/vitest"
    import { expect, test } from "vitest"
    const get = (output: string | null) => [{ client: 1, op: "get", key: "k", value: null, call: 0, return: 1, output }]
    test("right", () => expect(get(null)).toBeLinearizable(kv))
    test("wrong", () => expect(() => expect(get("v")).toBeLinearizable(kv, { timeoutMs: 1_000 })).toThrow(/"k" is not linearizable/))
  `)
  // The command line as it is packed, also over several threads.
  execFileSync(join(root, "node_modules/.bin/rolldown"), ["-c", join(root, "rolldown.config.mjs"), "--cwd", dir])
  const large = join(dir, "large.jsonl")
  const generator = [join(root, "check/histories/generate.ts"), "--model=kv", "--ops=200000", "--keys=20", "--clients=20"]
  writeFileSync(large, execFileSync(process.execPath, generator, { maxBuffer: 2 ** 30 }))
  const stale = join(root, "check/histories/porcupine/jepsen/etcd_000.log")
  const verify = (...args: ReadonlyArray<string>) =>
    spawnSync(process.execPath, [join(dir, packageJson.bin.lockstep), "verify", ...args], { encoding: "utf8" })
  expect(verify("--threads", "2", large)).toMatchObject({ status: 0, stderr: "", stdout: expect.stringMatching(/^ok .* 200,000 operations, 20 keys/) })
  expect(verify(stale)).toMatchObject({ status: 1, stdout: expect.stringContaining("is not linearizable") })

  const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "esnext", "--types", "node"]
  execFileSync(join(root, "node_modules/.bin/tsc"), [...options, join(dir, "matcher.test.ts")], { cwd: dir, stdio: "inherit" })
  const { NODE_ENV, VITEST, VITEST_POOL_ID, VITEST_WORKER_ID, ...env } = process.env
  const ran = execFileSync(join(root, "node_modules/.bin/vitest"), ["run", "--root", dir], { cwd: dir, encoding: "utf8", env: { ...env, NO_COLOR: "1" } })
  expect(ran).toMatch(/Tests +2 passed/)
}, 60_000)
