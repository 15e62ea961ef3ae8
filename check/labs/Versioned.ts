/**
 * The labs' conditional put of 2025: each value has a version, which a put must name; 0: the key is absent. Our map has
 * no versions, so the value carries its own: "VERSION TEXT", and the put is a Cas from the very value of that version.
 */
import * as Effect from "effect/Effect"
import type { ClerkError } from "../../src/shell/Clerk.ts"
import type { Client } from "./Service.ts"

/** `Maybe`: nobody knows. The labs' clerk says so when it had to ask again; ours only when it has given up. */
export type PutAnswer = "OK" | "NoKey" | "Version" | "Maybe"

export interface Found {
  readonly value: string
  readonly version: number
}

const found = (held: string): Found => {
  const space = held.indexOf(" ")
  return { version: Number(held.slice(0, space)), value: held.slice(space + 1) }
}

/** The value and its version; "NoKey". */
export const getVersioned = (client: Client, key: string): Effect.Effect<Found | "NoKey", ClerkError> =>
  Effect.map(client.get(key), (held) => held === null ? "NoKey" : found(held))

/** Puts the value if the key's version is `version`: it is one more then. */
export const putVersioned = Effect.fnUntraced(function*(
  client: Client,
  key: string,
  value: string,
  version: number
): Effect.fn.Return<PutAnswer, ClerkError> {
  let held: string | null = null
  if (version > 0) {
    held = yield* client.get(key)
    if (held === null) return "NoKey"
    if (found(held).version !== version) return "Version"
  }
  // Versions only grow: whatever isn't this value is of another one.
  return yield* client.cas(key, held, `${version + 1} ${value}`).pipe(
    Effect.map((put): PutAnswer => put ? "OK" : "Version"),
    Effect.catch(() => Effect.succeed<PutAnswer>("Maybe"))
  )
})
