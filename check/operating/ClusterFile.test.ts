import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { fingerprint, readClusterFile, servedSettings } from "../../src/shell/ClusterFile.ts"
import type { ClusterFile, ClusterFileError } from "../../src/shell/ClusterFile.ts"

const folder = mkdtempSync(join(tmpdir(), "lockstep-cluster-"))
afterAll(() => rmSync(folder, { recursive: true }))

const read = (text: string): ClusterFile | string => {
  const file = join(folder, "cluster.json")
  writeFileSync(file, text)
  const exit = Effect.runSyncExit(readClusterFile(file))
  return Exit.isSuccess(exit) ? exit.value : (Cause.squash(exit.cause) as ClusterFileError).message.replace(folder, "DIR")
}

const server = (n: number) => ({ peers: `127.0.0.1:710${n}`, clients: `127.0.0.1:700${n}`, http: `127.0.0.1:720${n}` })
const good = { cluster: "demo", servers: { s1: server(1), s2: server(2), s3: server(3) } }

describe("a cluster file", () => {
  test("needs a name and servers; the rest is as usual", () => {
    const file = read(JSON.stringify(good)) as ClusterFile
    expect(file.cluster).toBe("demo")
    expect(file.addresses.get("s2")).toEqual({
      peers: { host: "127.0.0.1", port: 7102 },
      clients: { host: "127.0.0.1", port: 7002 },
      http: { host: "127.0.0.1", port: 7202 }
    })
    expect(file.configuration.servers).toEqual(["s1", "s2", "s3"])
    expect(file.configuration.settings).toEqual(servedSettings)
  })

  test("may say everything else, and IPv6", () => {
    const file = read(JSON.stringify({
      ...good,
      servers: { s1: { peers: "[::1]:7101", clients: "[::1]:7001" } },
      electionTimeout: { min: 100, max: 200 },
      settings: { preVote: false },
      storage: "sqlite"
    })) as ClusterFile
    expect(file.addresses.get("s1")!.peers).toEqual({ host: "::1", port: 7101 })
    expect(file.configuration.electionTimeout).toEqual({ min: 100, max: 200 })
    expect(file.configuration.settings).toEqual({ ...servedSettings, preVote: false })
    expect(file.storage).toBe("sqlite")
  })

  test.each<readonly [title: string, text: string, line: RegExp]>([
    ["isn't JSON", "{\n  \"cluster\": demo\n}", /^DIR\/cluster\.json:2: not JSON$/],
    ["ends too soon", "{\n  \"cluster\":", /^DIR\/cluster\.json:2: not JSON$/],
    ["has a field that nobody knows", JSON.stringify({ ...good, sorvers: 1 }), /^DIR\/cluster\.json: sorvers: /],
    ["has no address", JSON.stringify({ ...good, servers: { s1: { ...server(1), peers: "7101" } } }), /servers\.s1\.peers: expected HOST:PORT$/],
    ["has a port too high", JSON.stringify({ ...good, servers: { s1: { ...server(1), clients: "localhost:70000" } } }), /servers\.s1\.clients: expected HOST:PORT$/],
    ["has an odd id", JSON.stringify({ ...good, servers: { alice: server(1) } }), /servers\.0: expected an id like s1$/],
    ["has no servers", JSON.stringify({ ...good, servers: {} }), /servers: expected at least one server$/],
    ["has timeouts that make no sense", JSON.stringify({ ...good, heartbeatInterval: 700 }), /electionTimeout\.min: 300 is not more than heartbeatInterval, 700$/],
    ["names a certificate that isn't there", JSON.stringify({ ...good, tls: { ca: "ca.pem", cert: "c.pem", key: "k.pem" } }), /ca\.pem cannot be read: ENOENT/]
  ])("that %s is refused in one line", (_, text, line) => {
    const found = read(text)
    expect(found).toMatch(line)
    expect(found).not.toContain("\n")
  })

  test("of another configuration has another fingerprint; addresses may differ", () => {
    const of = (file: object) => fingerprint(read(JSON.stringify(file)) as ClusterFile)
    expect(of({ ...good, maxRaftStateBytes: 1 })).not.toBe(of(good))
    expect(of({ ...good, servers: { ...good.servers, s1: server(9) } })).toBe(of(good))
  })
})
