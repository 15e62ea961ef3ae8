import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { frame, FrameSplitter } from "../../src/shell/transport/Frames.ts"

/** The texts of the frames in these chunks. */
const split = (splitter: FrameSplitter, chunks: ReadonlyArray<Buffer>) =>
  chunks.flatMap((chunk) => {
    const bodies = splitter.push(chunk)
    if (typeof bodies === "string") throw new Error(bodies)
    // Before the next call, as is said there.
    return bodies.map((body) => body.toString())
  })

const header = (length: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  return bytes
}

test("however the stream is cut, the same frames come out", () => {
  const texts = fc.array(fc.string({ unit: "binary", maxLength: 40 }), { maxLength: 8 })
  fc.assert(fc.property(texts, fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (texts, lengths) => {
    const stream = Buffer.concat(texts.map(frame))
    const chunks: Array<Buffer> = []
    for (let at = 0, n = 0; at < stream.length; n++) {
      const end = at + lengths[n % lengths.length]!
      chunks.push(stream.subarray(at, end))
      at = end
    }
    expect(split(new FrameSplitter(1000), chunks)).toEqual(texts)
  }), { numRuns: 300, seed: 1 })
}, 60_000)

describe("a frame that is too long", () => {
  test("is refused as soon as its length is here, by a byte", () => {
    for (const pieces of [[header(101)], [header(101).subarray(0, 3), header(101).subarray(3)]]) {
      const splitter = new FrameSplitter(100)
      const results = pieces.map((piece) => splitter.push(piece))
      expect(results.at(-1)).toBe("a frame of 101 bytes, where at most 100 are let in")
    }
    expect(new FrameSplitter(100).push(header(100))).toEqual([])
  })

  test("is one that the limit of that time forbids", () => {
    const splitter = new FrameSplitter(4)
    expect(split(splitter, [frame("four")])).toEqual(["four"])
    splitter.longest = 5
    expect(split(splitter, [frame("fives")])).toEqual(["fives"])
  })
})

describe("memory", () => {
  test("follows what has come, not what was announced", () => {
    const splitter = new FrameSplitter(2 ** 30)
    splitter.push(header(2 ** 30))
    expect(splitter.held).toBe(4)
    splitter.push(Buffer.alloc(1000))
    expect(splitter.held).toBe(1004)
    splitter.push(Buffer.alloc(1))
    expect(splitter.held).toBe(2008)
  })

  test("grows a few times only, however small the chunks are", () => {
    const splitter = new FrameSplitter(2 ** 20)
    splitter.push(header(2 ** 20))
    const sizes = new Set<number>()
    for (let n = 0; n < 2 ** 20 - 1; n += 3) {
      splitter.push(Buffer.alloc(3))
      sizes.add(splitter.held)
    }
    expect(sizes.size).toBeLessThan(21)
    expect(splitter.held).toBe(2 ** 20 + 4)
    expect(splitter.push(Buffer.alloc(1))).toEqual([Buffer.alloc(2 ** 20)])
    expect(splitter.held).toBe(0)
  })
})
