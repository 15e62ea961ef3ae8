import { describe, expect, test } from "vitest"
import {
  decodeAnswer,
  decodeHello,
  encodeHello,
  encodeRefusal,
  type Hello,
  longestHello,
  protocolVersion,
  refusal,
  welcome
} from "../../src/shell/transport/Handshake.ts"

const another = protocolVersion + 1
const hello: Hello = {
  version: protocolVersion,
  cluster: "demo",
  configuration: "1f2e",
  id: "s2",
  dest: "s1",
  incarnation: "one"
}
const read = (text: string) => decodeHello(Buffer.from(text))
const answer = (text: string) => decodeAnswer(Buffer.from(text))

describe("the dialler's frame", () => {
  test("says who it is", () => expect(read(encodeHello(hello))).toEqual(hello))

  test("in another version says its version, and its id if it is where ours is", () => {
    const other = { protocol: "lockstep-peer", version: another, id: "s2", cluster: { new: true } }
    expect(read(JSON.stringify(other))).toMatchObject({ version: another, id: "s2", cluster: "" })
    expect(read(JSON.stringify({ ...other, id: 2 }))).toMatchObject({ version: another, id: "" })
  })

  test.each([
    ["", "what it says first isn't this protocol"],
    ["GET / HTTP/1.1", "what it says first isn't this protocol"],
    ["null", "what it says first isn't this protocol"],
    [JSON.stringify({ ...hello, protocol: "other" }), "what it says first isn't this protocol"],
    [JSON.stringify({ protocol: "lockstep-peer" }), "what it says first has no version"],
    [JSON.stringify({ protocol: "lockstep-peer", ...hello, version: 1.5 }), "what it says first has no version"],
    ...(["cluster", "configuration", "id", "dest", "incarnation"] as const).flatMap((field) =>
      [undefined, 1, ["s1"], "x".repeat(201)].map((value): [string, string] => [
        JSON.stringify({ protocol: "lockstep-peer", ...hello, [field]: value }),
        "what it says first doesn't say who it is"
      ])
    )
  ])("%s: %s", (text, reason) => expect(read(text)).toBe(reason))

  test("fits, however long the names are", () => {
    const long = "\u0001".repeat(100)
    const wordy = { ...hello, cluster: long, configuration: long, incarnation: long }
    expect(encodeHello(wordy).length).toBeLessThan(longestHello)
  })
})

describe("refused", () => {
  const self = { cluster: "demo", configuration: "1f2e", id: "s1" }
  const why = (other: Partial<Hello>) => refusal(self, new Set(["s2", "s3"]), { ...hello, ...other })

  test("not when all is as it should be", () => expect(why({})).toBeUndefined())
  test("another protocol version", () => expect(why({ version: another })).toBe(`protocol version ${another}, here it is ${protocolVersion}`))
  test("another cluster", () => expect(why({ cluster: "prod" })).toBe(`of cluster "prod", this is cluster "demo"`))
  test("an unknown server", () => expect(why({ id: "s4" })).toBe(`"s4" isn't a server of this cluster`))
  test("itself", () => expect(why({ id: "s1" })).toBe("says that it is s1, but this is s1"))
  test("who looks for another one", () => expect(why({ dest: "s3" })).toBe(`looks for "s3", but this is s1`))
  test("another configuration", () => expect(why({ configuration: "0" })).toBe(`configuration "0", here it is "1f2e"`))
  test("in one line of the log", () => expect(why({ cluster: "a\nINFO b" })).not.toContain("\n"))
})

describe("the answer", () => {
  test("is welcome", () => expect(answer(welcome)).toBeUndefined())
  test("or the reason", () => expect(answer(encodeRefusal("no such cluster"))).toBe("refused: no such cluster"))
  test("in one line", () => expect(answer(encodeRefusal("a\nb\u2028c"))).toBe("refused: a?b?c"))
  test("or of something else", () => {
    for (const text of ["", "SSH-2.0", "[]", "{}", `{"welcome":true,"version":${protocolVersion}}`]) {
      expect(answer(text)).toBe("what answers doesn't speak this protocol")
    }
  })
  test("isn't welcome in another version", () => {
    expect(answer(welcome.replace(`"version":${protocolVersion}`, `"version":${another}`))).toBe("refused: no reason given")
  })
})
