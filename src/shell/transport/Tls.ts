/**
 * Mutual TLS: each side shows a certificate of the cluster's authority, and the name in it, as subject or as an
 * alternative (SAN), is the server's id. So a server can't pass for another one.
 */
import * as Effect from "effect/Effect"
import { X509Certificate } from "node:crypto"
import * as tls from "node:tls"
import type { ServerId } from "../../raft/Server.ts"
import type { Certificates } from "../Certificates.ts"
import { TransportError } from "./TransportError.ts"

/** What both sides of a connection insist on. */
export const tlsOptions = ({ ca, cert, key }: Certificates) =>
  ({ ca, cert, key, minVersion: "TLSv1.3", rejectUnauthorized: true }) as const

/** Fails with `certificate` if no connection could be made with these files. */
export const checkFiles = (files: Certificates): Effect.Effect<void, TransportError> =>
  Effect.try({
    try: () => {
      // OpenSSL takes an authority that it can't read for none at all.
      new X509Certificate(files.ca)
      tls.createSecureContext(tlsOptions(files))
    },
    catch: (cause) => new TransportError({ kind: "certificate", message: `TLS files: ${reasonOf(cause)}` })
  })

/** Why this certificate (DER) isn't the server's; `undefined`: it is. */
export const otherThan = (id: ServerId, certificate: Buffer): string | undefined => {
  const found = new X509Certificate(certificate)
  if (found.checkHost(id, { subject: "always" }) !== undefined) return undefined
  return `the certificate isn't ${id}'s: ${found.subject.replaceAll("\n", ", ")}`
}

/** One line for an error of a socket: OpenSSL's own are long. */
export const reasonOf = (cause: unknown): string => {
  const { code, message, reason } = cause as NodeJS.ErrnoException & { readonly reason?: string }
  return (reason ?? (message || code || String(cause))).split("\n")[0]!
}
