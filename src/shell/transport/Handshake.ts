/**
 * The first frame each way. The dialler says who it is and what it goes by; the acceptor says welcome, or why not.
 * Servers that are not meant for each other never exchange a message.
 */
import type { ServerId } from "../../raft/Server.ts"

/** Of everything that peers say to each other. Another version is refused. */
export const protocolVersion = 2

/** The longest first frame, in bytes: until it is welcome, a stranger gets no more memory than this. */
export const longestHello = 4096

/** After its welcome, the acceptor says as often, in milliseconds, that it is there. */
export const pulseInterval = 500
/** Who has been silent for so many milliseconds isn't there: no connection, no first frame, or no pulse. */
export const silenceLimit = 3000

/** What all servers of a cluster must have in common, and which of them this is. */
export interface Identity {
  readonly cluster: string
  readonly id: ServerId
  /** A fingerprint of what must be configured alike. */
  readonly configuration: string
}

export interface Hello extends Identity {
  readonly version: number
  /** Whom it means to reach. */
  readonly dest: ServerId
  /** Another one each time that the server starts. */
  readonly incarnation: string
}

const protocol = "lockstep-peer"

/** Of the names in a `Hello`. They come to stand in log lines. */
const longestName = 200

export const encodeHello = (hello: Hello): string => JSON.stringify({ protocol, ...hello })

/** A string says why it isn't one. In another version, the fields may be others: then only `version` counts. */
export const decodeHello = (body: Buffer): Hello | string => {
  const found = objectIn(body)
  if (found?.protocol !== protocol) return "what it says first isn't this protocol"
  const { cluster, configuration, dest, id, incarnation, version } = found
  if (typeof version !== "number" || !Number.isSafeInteger(version)) return "what it says first has no version"
  if (version !== protocolVersion) {
    return { version, cluster: "", configuration: "", dest: "", id: isName(id) ? id : "", incarnation: "" }
  }
  if (!isName(cluster) || !isName(configuration) || !isName(dest) || !isName(id) || !isName(incarnation)) {
    return "what it says first doesn't say who it is"
  }
  return { version, cluster, configuration, dest, id, incarnation }
}

/** Why `self` doesn't take messages from this one; `undefined`: it does. */
export const refusal = (self: Identity, peers: ReadonlySet<ServerId>, hello: Hello): string | undefined => {
  const { cluster, configuration, dest, id, version } = hello
  if (version !== protocolVersion) return `protocol version ${version}, here it is ${protocolVersion}`
  if (cluster !== self.cluster) return `of cluster ${quote(cluster)}, this is cluster ${quote(self.cluster)}`
  if (id === self.id) return `says that it is ${id}, but this is ${id}`
  if (!peers.has(id)) return `${quote(id)} isn't a server of this cluster`
  if (dest !== self.id) return `looks for ${quote(dest)}, but this is ${self.id}`
  if (configuration !== self.configuration) {
    return `configuration ${quote(configuration)}, here it is ${quote(self.configuration)}`
  }
  return undefined
}

/** What a stranger says stands in a log line as one word. */
export const quote = (text: string): string => JSON.stringify(text)

export const welcome = JSON.stringify({ protocol, version: protocolVersion, welcome: true })
export const encodeRefusal = (reason: string): string =>
  JSON.stringify({ protocol, version: protocolVersion, welcome: false, reason })

/** Welcome (`undefined`), or why not. */
export const decodeAnswer = (body: Buffer): string | undefined => {
  const found = objectIn(body)
  if (found?.protocol !== protocol) return "what answers doesn't speak this protocol"
  if (found.welcome === true && found.version === protocolVersion) return undefined
  const { reason } = found
  return `refused: ${typeof reason === "string" ? printable(reason) : "no reason given"}`
}

const isName = (value: unknown): value is string => typeof value === "string" && value.length <= longestName

const printable = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, "?")

const objectIn = (body: Buffer): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === "object" && value !== null ? value as Readonly<Record<string, unknown>> : undefined
  } catch {
    return undefined
  }
}
