/** Abort signals as effects. */
import * as Effect from "effect/Effect"

/** Completes when the signal is aborted. */
export const aborted = (signal: AbortSignal): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (signal.aborted) resume(Effect.void)
    else signal.addEventListener("abort", () => resume(Effect.void), { once: true })
  })
