/** Certificates for tests, made by the `openssl` command. */
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Certificates } from "../../src/shell/Certificates.ts"

/** Its `req` can sign since version 3. */
export const hasOpenssl = /^OpenSSL [3-9]/.test(spawnSync("openssl", ["version"], { encoding: "utf8" }).stdout ?? "")

/** One authority, and what it gives to each of these names: as subject, or as an alternative (`DNS:s1`). */
export const certificates = <Name extends string>(names: ReadonlyArray<Name>): Readonly<Record<Name, Certificates>> => {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-tls-"))
  const request = (name: string, ...more: ReadonlyArray<string>) => {
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", `${name}.key`]
    execFileSync("openssl", ["req", "-x509", "-days", "2", ...key, "-out", `${name}.pem`, ...more], {
      cwd: folder,
      stdio: "ignore"
    })
  }
  const read = (name: string) => readFileSync(join(folder, name), "utf8")
  try {
    request("ca", "-subj", "/CN=authority")
    const files = names.map((name, n) => {
      const named = name.startsWith("DNS:")
        ? ["-subj", "/CN=server", "-addext", `subjectAltName=${name}`]
        : ["-subj", `/CN=${name}`]
      request(`${n}`, "-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:FALSE", ...named)
      return [name, { ca: read("ca.pem"), cert: read(`${n}.pem`), key: read(`${n}.key`) }] as const
    })
    return Object.fromEntries(files) as Record<Name, Certificates>
  } finally {
    rmSync(folder, { recursive: true })
  }
}
