/**
 * The file that a cluster is started with, the same for all of its servers: who they are, where they are, and how they are
 * configured. JSON; README says what each field means.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import * as path from "node:path"
import { figure2 } from "../raft/Server.ts"
import type { ServerId, Settings } from "../raft/Server.ts"
import { addressOf } from "./Address.ts"
import type { Address } from "./Address.ts"
import type { Certificates } from "./Certificates.ts"
import { readConfiguration, SettingsSchema } from "./Configuration.ts"
import type { Configuration } from "./Configuration.ts"

/** Where a server listens for its peers, for clients, and for who looks after it (metrics, health, status). */
export interface Addresses {
  readonly peers: Address
  readonly clients: Address
  readonly http?: Address
}

export interface ClusterFile {
  /** The cluster's name: servers of different clusters refuse each other. */
  readonly cluster: string
  readonly addresses: ReadonlyMap<ServerId, Addresses>
  readonly configuration: Configuration
  readonly storage: "file" | "sqlite"
  /** Absent: without TLS, on loopback only unless `insecure`. */
  readonly certificates?: Certificates
  readonly insecure: boolean
}

/** What a served cluster has when its file doesn't say otherwise. */
export const servedSettings: Settings = {
  ...figure2,
  maxInflight: 4096,
  chunkSize: 16,
  preVote: true,
  checkQuorum: true
}
const usual = {
  /** Milliseconds. */
  electionTimeout: { min: 300, max: 600 },
  heartbeatInterval: 60,
  maxRaftStateBytes: 4_000_000
}

const AddressText = Schema.String.check(
  Schema.makeFilter((text) => addressOf(text) !== undefined || "expected HOST:PORT")
)

const File = Schema.Struct({
  cluster: Schema.String.check(Schema.makeFilter((name) => name !== "" || "expected a name")),
  servers: Schema.Record(
    Schema.String,
    Schema.Struct({ peers: AddressText, clients: AddressText, http: Schema.optionalKey(AddressText) })
  ),
  electionTimeout: Schema.optionalKey(Schema.Unknown),
  heartbeatInterval: Schema.optionalKey(Schema.Unknown),
  maxRaftStateBytes: Schema.optionalKey(Schema.Unknown),
  settings: Schema.optionalKey(Schema.Struct(Object.fromEntries(
    Object.entries(SettingsSchema.fields).map(([name, field]) => [name, Schema.optionalKey(field)])
  ))),
  storage: Schema.optionalKey(Schema.Literals(["file", "sqlite"])),
  tls: Schema.optionalKey(Schema.Struct({ ca: Schema.String, cert: Schema.String, key: Schema.String })),
  insecure: Schema.optionalKey(Schema.Boolean)
})

/** A cluster can't be started with this file. Nothing has been; a person mends it. */
export class ClusterFileError extends Data.TaggedError("ClusterFileError")<{
  readonly file: string
  /** In one line. */
  readonly reason: string
}> {
  override readonly message = `${this.file}: ${this.reason}`
  override readonly [Runtime.errorExitCode] = 2
}

/** The line, from 1, that keeps the text from being JSON: up to the one before it, only the end was missing. */
const badLine = (text: string): number => {
  const lines = text.split("\n")
  for (let n = 1; n < lines.length; n++) {
    const part = lines.slice(0, n).join("\n")
    try {
      JSON.parse(part)
    } catch (error) {
      const { message } = error as Error
      if (!message.includes("end of JSON") && Number(/position (\d+)/.exec(message)?.[1]) !== part.length) return n
    }
  }
  return lines.length
}

const decode = Schema.decodeUnknownResult(File, { onExcessProperty: "error", errors: "all" })
const problemsOf = SchemaIssue.makeFormatterStandardSchemaV1()

/** Reads the cluster file, and the certificates that it names (relative to itself). */
export const readClusterFile = Effect.fnUntraced(function*(file: string): Effect.fn.Return<ClusterFile, ClusterFileError> {
  const bad = (reason: string) => new ClusterFileError({ file, reason })
  const textOf = (name: string) =>
    Effect.try({
      try: () => readFileSync(name, "utf8"),
      catch: (error) => bad(`${name === file ? "" : `${name} `}cannot be read: ${(error as Error).message}`)
    })
  const text = yield* textOf(file)
  const input = yield* Effect.try({
    try: () => JSON.parse(text) as unknown,
    catch: () => new ClusterFileError({ file: `${file}:${badLine(text)}`, reason: "not JSON" })
  })
  const decoded = decode(input)
  if (Result.isFailure(decoded)) {
    return yield* bad(
      problemsOf(decoded.failure.issue).issues.map(({ message, path = [] }) =>
        [path.map((step) => String(typeof step === "object" ? step.key : step)).join("."), message.replace(/\s+/g, " ")]
          .filter((part) => part !== "").join(": ")
      ).join("; ")
    )
  }
  const { cluster, insecure = false, servers, settings, storage = "file", tls, ...timing } = decoded.success
  const addresses = new Map(
    Object.entries(servers).map(([id, { clients, http, peers }]) => [id, {
      peers: addressOf(peers)!,
      clients: addressOf(clients)!,
      ...http === undefined ? {} : { http: addressOf(http)! }
    }])
  )
  const configuration = readConfiguration({
    ...usual,
    ...timing,
    servers: [...addresses.keys()].sort(),
    settings: { ...servedSettings, ...settings }
  })
  if (Result.isFailure(configuration)) return yield* bad(configuration.failure.message.replace(/^configuration: /, ""))
  const read: ClusterFile = { cluster, addresses, configuration: configuration.success, storage, insecure }
  if (tls === undefined) return read
  const beside = (name: string) => textOf(path.resolve(path.dirname(file), name))
  return { ...read, certificates: { ca: yield* beside(tls.ca), cert: yield* beside(tls.cert), key: yield* beside(tls.key) } }
})

/** What all servers of a cluster must have alike, in short (DECISIONS 51): two that differ in it must not talk. */
export const fingerprint = ({ configuration }: ClusterFile): string =>
  createHash("sha256").update(JSON.stringify(configuration)).digest("hex").slice(0, 16)
