/**
 * The bytes of a file of the log, format version 3. Numbers are unsigned, little-endian, of 32 bits.
 *
 *     file  = "lockstep" version number check frame* zero*     check: CRC-32 of what precedes it
 *     frame = length sum check payload                   sum: CRC-32 of the payload
 *                                                        check: CRC-32 of number, the frame's offset, length, sum
 *
 * With a check of its own, a damaged length isn't taken for the length of a payload that was cut short. With number and
 * offset in it, no frame is valid in another place: some file systems leave blocks of a removed file in a torn tail.
 * Zeros are room for frames to come, since a file that has its length already is synced sooner.
 */
import { crc32 } from "node:zlib"
import type { Fault } from "../Storage.ts"

export const version = 3
const magic = "lockstep"
export const fileHeaderLength = 20
export const frameHeaderLength = 12

/** The beginning of file `number`. */
export const fileHeader = (number: number): Buffer => {
  const bytes = Buffer.alloc(fileHeaderLength)
  bytes.write(magic, "latin1")
  bytes.writeUInt32LE(version, 8)
  bytes.writeUInt32LE(number, 12)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 16)), 16)
  return bytes
}

/** What is wrong with some file. */
export type FileFault = Omit<Fault, "file">

/** What is wrong with the beginning of a file that should be file `number`. */
export const headerFault = (bytes: Buffer, number: number): FileFault | undefined => {
  if (bytes.length < fileHeaderLength) {
    return { kind: "corrupt", offset: bytes.length, reason: "the file ends within its header" }
  }
  // A damaged header of ours isn't called foreign.
  if (crc32(bytes.subarray(0, 16)) === bytes.readUInt32LE(16)) {
    const found = bytes.readUInt32LE(8)
    if (bytes.toString("latin1", 0, 8) !== magic) return { kind: "foreign", reason: "not a file of this storage" }
    if (found !== version) {
      return { kind: "foreign", reason: `written in format ${found}; this program reads format ${version}` }
    }
    if (bytes.readUInt32LE(12) === number) return undefined
    return { kind: "corrupt", offset: 12, reason: `it is file ${bytes.readUInt32LE(12)} by another name` }
  }
  return bytes.toString("latin1", 0, 8) === magic
    ? { kind: "corrupt", offset: 0, reason: "the header doesn't match its checksum" }
    : { kind: "foreign", reason: "not a file of this storage" }
}

/** A frame to be put at `offset` of file `number`. */
export const frame = (number: number, offset: number, payload: Uint8Array): Buffer => {
  const bytes = Buffer.allocUnsafe(frameHeaderLength + payload.length)
  const sum = crc32(payload)
  bytes.writeUInt32LE(payload.length, 0)
  bytes.writeUInt32LE(sum, 4)
  bytes.writeUInt32LE(headerCheck(number, offset, payload.length, sum), 8)
  bytes.set(payload, frameHeaderLength)
  return bytes
}

const headerCheck = (number: number, offset: number, length: number, sum: number): number =>
  crc32(new Uint8Array(Uint32Array.of(number, offset, length, sum).buffer))

/** Where the frame at `offset` ends, or why nobody knows. */
const endOf = (bytes: Buffer, number: number, offset: number): number | string => {
  if (offset + frameHeaderLength > bytes.length) return "the file ends within a frame's header"
  const length = bytes.readUInt32LE(offset)
  const sum = bytes.readUInt32LE(offset + 4)
  if (bytes.readUInt32LE(offset + 8) !== headerCheck(number, offset, length, sum)) {
    return "a frame's header doesn't match its checksum"
  }
  return offset + frameHeaderLength + length
}

/** The payload of the frame at `offset`, or why there is none. */
const payloadAt = (bytes: Buffer, number: number, offset: number): Buffer | string => {
  const end = endOf(bytes, number, offset)
  if (typeof end === "string") return end
  if (end > bytes.length) return "the file ends within a frame"
  const sum = bytes.readUInt32LE(offset + 4)
  const payload = bytes.subarray(offset + frameHeaderLength, end)
  return crc32(payload) === sum ? payload : "a frame doesn't match its checksum"
}

export interface Frames {
  readonly frames: ReadonlyArray<{ readonly offset: number; readonly payload: Buffer }>
  /** Where the valid frames end. */
  readonly end: number
  /** Why what is at `end` isn't a frame; absent if nothing is there but zeros. */
  readonly damage?: string
  /** Where a whole frame follows the damage. */
  readonly followedAt?: number
}

/** The frames of file `number` up to the first damage, and whether the damage is all there is from there on. */
export const framesOf = (bytes: Buffer, number: number): Frames => {
  const frames: Array<{ offset: number; payload: Buffer }> = []
  let used = bytes.length
  while (used > fileHeaderLength && bytes[used - 1] === 0) used--
  let end = fileHeaderLength
  // A frame may end with zeros; none begins with as many as its header is long.
  while (end < used) {
    const payload = payloadAt(bytes, number, end)
    if (typeof payload === "string") {
      // What lies within a frame whose header is sound isn't one that follows it, whatever a client has put there.
      const behind = endOf(bytes, number, end)
      for (let at = typeof behind === "string" ? end + 1 : behind; at < used && at + frameHeaderLength <= bytes.length; at++) {
        if (bytes.readUInt32LE(at) > bytes.length - at) continue
        if (typeof payloadAt(bytes, number, at) !== "string") return { frames, end, damage: payload, followedAt: at }
      }
      return { frames, end, damage: payload }
    }
    frames.push({ offset: end, payload })
    end += frameHeaderLength + payload.length
  }
  return { frames, end }
}
