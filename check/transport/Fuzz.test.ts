// Goal: no bytes of a peer do harm. Method: mutations of valid ones; few here, many in `fuzz.ts`.
import { expect, test } from "vitest"
import { fuzz, fuzzSockets } from "./fuzz.ts"

test("20,000 mutated inputs in memory", () => {
  const { accepted, refused } = fuzz(20_000, 1)
  // The inputs get everywhere.
  expect(accepted.intact).toBeGreaterThan(1000)
  expect(accepted.mutated).toBeGreaterThan(1000)
  for (
    const reason of [
      "a frame of … bytes, where at most … are let in",
      "not UTF-…",
      "not JSON",
      "no parcels",
      "item … of … isn't a message that could be sent here",
      "what it says first isn't this protocol",
      "what it says first has no version",
      "what it says first doesn't say who it is",
      "protocol version …, here it is …",
      "of cluster …, this is cluster …",
      "… isn't a server of this cluster",
      "says that it is s…, but this is s…",
      "looks for …, but this is s…",
      "configuration …, here it is …",
      "what answers doesn't speak this protocol",
      "refused: …"
    ]
  ) expect(refused.get(reason), reason).toBeGreaterThan(0)
}, 60_000)

test("300 connections, while another peer's messages come through", async () => {
  const { accepted, messages } = await fuzzSockets(300, 1)
  expect(accepted).toBeGreaterThan(0)
  expect(messages).toBeGreaterThan(20)
}, 60_000)
