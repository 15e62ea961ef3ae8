/**
 * The bytes of a file of the log, format version 4. Numbers are unsigned, little-endian, of 32 bits.
 *
 *     file  = "lockstep" version number check salt check frame* zero*     checks: CRC-32 of what precedes them
 *     frame = length sum check payload            sum: CRC-32 of the payload
 *                                                 check: CRC-32 of number, salt, the frame's offset, length, sum
 *
 * Up to the first check, files of all versions are alike: so each version names the others. With a check of its own, a
 * frame's damaged length isn't taken for the length of a payload that was cut short. With number and offset in it, no frame
 * is valid in another place: some file systems leave blocks of a removed file in a torn tail. With the salt, which is chance
 * and never leaves the disk, nobody can put a frame into a value that would be valid if what is around it were torn (SQLite's
 * write-ahead log has salts, too). Zeros are room for frames to come, since a file that has its length already is synced
 * sooner.
 */
import { crc32 } from "node:zlib"
import type { Fault } from "../Storage.ts"

export const version = 4
const magic = "lockstep"
/** What all versions begin with. */
const preambleLength = 20
export const fileHeaderLength = 28
export const frameHeaderLength = 12

/** What tells a file from all others. */
export interface FileId {
  readonly number: number
  readonly salt: number
}

/** The beginning of a file. */
export const fileHeader = ({ number, salt }: FileId): Buffer => {
  const bytes = Buffer.alloc(fileHeaderLength)
  bytes.write(magic, "latin1")
  bytes.writeUInt32LE(version, 8)
  bytes.writeUInt32LE(number, 12)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 16)), 16)
  bytes.writeUInt32LE(salt, 20)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 24)), 24)
  return bytes
}

/** Which file begins so. */
const idIn = (bytes: Buffer): FileId => ({ number: bytes.readUInt32LE(12), salt: bytes.readUInt32LE(20) })

/** What is wrong with some file. */
export type FileFault = Omit<Fault, "file">

/** What is wrong with the beginning of a file that should be file `number`. */
export const headerFault = (bytes: Buffer, number: number): FileFault | undefined => {
  const short: FileFault = { kind: "corrupt", offset: bytes.length, reason: "the file ends within its header" }
  const damaged: FileFault = { kind: "corrupt", offset: 0, reason: "the header doesn't match its checksum" }
  const foreign: FileFault = { kind: "foreign", reason: "not a file of this storage" }
  if (bytes.length < preambleLength) return short
  const isOurs = bytes.toString("latin1", 0, 8) === magic
  // A damaged header of ours isn't called foreign.
  if (crc32(bytes.subarray(0, 16)) !== bytes.readUInt32LE(16)) return isOurs ? damaged : foreign
  if (!isOurs) return foreign
  const found = bytes.readUInt32LE(8)
  if (found !== version) return { kind: "foreign", reason: `written in format ${found}; this program reads format ${version}` }
  if (bytes.length < fileHeaderLength) return short
  if (crc32(bytes.subarray(0, 24)) !== bytes.readUInt32LE(24)) return damaged
  const { number: actual } = idIn(bytes)
  return actual === number ? undefined : { kind: "corrupt", offset: 12, reason: `it is file ${actual} by another name` }
}

/** A frame to be put at `offset` of a file. */
export const frame = (file: FileId, offset: number, payload: Uint8Array): Buffer => {
  const bytes = Buffer.allocUnsafe(frameHeaderLength + payload.length)
  const sum = crc32(payload)
  bytes.writeUInt32LE(payload.length, 0)
  bytes.writeUInt32LE(sum, 4)
  bytes.writeUInt32LE(headerCheck(file, offset, payload.length, sum), 8)
  bytes.set(payload, frameHeaderLength)
  return bytes
}

const headerCheck = ({ number, salt }: FileId, offset: number, length: number, sum: number): number =>
  crc32(new Uint8Array(Uint32Array.of(number, salt, offset, length, sum).buffer))

/** Where the frame at `offset` ends, or why nobody knows. */
const endOf = (bytes: Buffer, file: FileId, offset: number): number | string => {
  if (offset + frameHeaderLength > bytes.length) return "the file ends within a frame's header"
  const length = bytes.readUInt32LE(offset)
  const sum = bytes.readUInt32LE(offset + 4)
  if (bytes.readUInt32LE(offset + 8) !== headerCheck(file, offset, length, sum)) {
    return "a frame's header doesn't match its checksum"
  }
  return offset + frameHeaderLength + length
}

/** The payload of the frame at `offset`, or why there is none. */
const payloadAt = (bytes: Buffer, file: FileId, offset: number): Buffer | string => {
  const end = endOf(bytes, file, offset)
  if (typeof end === "string") return end
  if (end > bytes.length) return "the file ends within a frame"
  const sum = bytes.readUInt32LE(offset + 4)
  const payload = bytes.subarray(offset + frameHeaderLength, end)
  return crc32(payload) === sum ? payload : "a frame doesn't match its checksum"
}

export interface Frames {
  readonly file: FileId
  readonly frames: ReadonlyArray<{ readonly offset: number; readonly payload: Buffer }>
  /** Where the valid frames end. */
  readonly end: number
  /** Why what is at `end` isn't a frame; absent if nothing is there but zeros. */
  readonly damage?: string
  /** Where a whole frame follows the damage. */
  readonly followedAt?: number
}

/** The frames of a file with a sound header up to the first damage, and whether the damage is all there is from there on. */
export const framesOf = (bytes: Buffer): Frames => {
  const file = idIn(bytes)
  const frames: Array<{ offset: number; payload: Buffer }> = []
  let used = bytes.length
  while (used > fileHeaderLength && bytes[used - 1] === 0) used--
  let end = fileHeaderLength
  // A frame may end with zeros; none begins with as many as its header is long.
  while (end < used) {
    const payload = payloadAt(bytes, file, end)
    if (typeof payload === "string") {
      // What lies within a frame whose header is sound isn't one that follows it, whatever a client has put there.
      const behind = endOf(bytes, file, end)
      for (let at = typeof behind === "string" ? end + 1 : behind; at < used && at + frameHeaderLength <= bytes.length; at++) {
        if (bytes.readUInt32LE(at) > bytes.length - at) continue
        if (typeof payloadAt(bytes, file, at) !== "string") return { file, frames, end, damage: payload, followedAt: at }
      }
      return { file, frames, end, damage: payload }
    }
    frames.push({ offset: end, payload })
    end += frameHeaderLength + payload.length
  }
  return { file, frames, end }
}
