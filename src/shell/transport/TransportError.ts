/** Why the transport of a server can't be started. */
import * as Data from "effect/Data"
import * as Runtime from "effect/Runtime"

/** The world failed, not the program. Nothing listens; a person mends it. */
export class TransportError extends Data.TaggedError("TransportError")<{
  /**
   * `inUse`: another program listens there. `listen`: the address isn't ours to listen at. `insecure`: other machines
   * can reach it, and nothing says who may. `certificate`: the TLS files can't be used.
   */
  readonly kind: "inUse" | "listen" | "insecure" | "certificate"
  readonly message: string
}> {
  override readonly [Runtime.errorExitCode] = 2
}
