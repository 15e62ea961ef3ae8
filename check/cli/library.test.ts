// Goal: what package.json exports is there once built, and works as JavaScript. Method: build it elsewhere, and import it.
import { execFileSync } from "node:child_process"
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
  writeFileSync(join(dir, "package.json"), "{\"type\":\"module\"}")
  writeFileSync(join(dir, "use.js"), `
    import { figure2, InitServer, Timeout } from "./dist/src/raft/index.js"
    import { checkLinearizable, kv } from "./dist/check/linearizability/index.js"
    const put = { client: 1, op: "put", key: "k", value: "v", call: 1, return: 2, output: null }
    const get = { client: 2, op: "get", key: "k", value: null, call: 3, return: 4, output: "w" }
    const role = Timeout(InitServer("s1", ["s1", "s2"], figure2)).server.role
    console.log(role, checkLinearizable([put, { ...get, output: "v" }], kv).verdict, checkLinearizable([put, get], kv).verdict)
  `)
  expect(execFileSync(process.execPath, [join(dir, "use.js")], { encoding: "utf8" }).trim()).toBe("candidate ok illegal")
}, 60_000)
