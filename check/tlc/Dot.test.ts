import fc from "fast-check"
import { expect, test } from "vitest"
import { DotReader, DotSyntaxError } from "./Dot.ts"

const dump = [
  "strict digraph DiskGraph {", "nodesep=0.35;", "subgraph cluster_graph {", "color=\"white\";",
  "-12 [label=\"/\\\\ x = 0\\n/\\\\ said = {\\\"a\\\",\\n  \\\"\\\\n/\\\\\\\\ y = 1\\\"}\",style = filled]",
  "-12 -> 7 [label=\"Inc\",color=\"black\",fontcolor=\"black\"];",
  "7 [label=\"/\\\\ x = 1\\n/\\\\ said = {}\"];",
  "7 -> 7 [label=\"Self\",color=\"black\",fontcolor=\"black\"];",
  "7 -> 7 [label=\"Self\",color=\"black\",fontcolor=\"black\"];",
  "{rank = same; -12;7;}", "}", "}", ""
].join("\n")

function read(chunks: ReadonlyArray<Buffer>) {
  const read: Array<unknown> = []
  const reader = new DotReader({
    state: (fingerprint, variables, initial) => void read.push([fingerprint, variables, initial]),
    edge: (from, label, to) => void read.push([from, label, to])
  })
  for (const chunk of chunks) reader.push(chunk)
  return { read, complete: reader.end() }
}

const expected = [
  ["-12", { x: "0", said: "{\"a\",\n  \"\\n/\\\\ y = 1\"}" }, true],
  ["-12", "Inc", "7"],
  ["7", { x: "1", said: "{}" }, false],
  ["7", "Self", "7"],
  ["7", "Self", "7"]
]

test("a dump gives its states with unescaped variables, and every edge, repeated ones and self-loops too", () => {
  expect(read([Buffer.from(dump)])).toEqual({ read: expected, complete: true })
})

test("it does not matter how the bytes are cut into chunks", () => {
  fc.assert(fc.property(fc.array(fc.nat(dump.length), { maxLength: 20 }), (cuts) => {
    const at = [0, ...cuts.sort((a, b) => a - b), dump.length]
    expect(read(at.slice(1).map((end, k) => Buffer.from(dump.slice(at[k], end)))).read).toEqual(expected)
  }))
})

test("a dump that stops early is not complete, and one with a broken line is refused", () => {
  const torn = dump.slice(0, dump.indexOf("7 -> 7") + 10)
  expect(read([Buffer.from(torn)])).toEqual({ read: expected.slice(0, 3), complete: false })
  expect(() => read([Buffer.from("7 nonsense\n")])).toThrow(DotSyntaxError)
  expect(() => read([Buffer.from("7 [label=\"x = 1]\n{rank}")])).toThrow("a label that does not end: 7 [label=\"x = 1]")
})
