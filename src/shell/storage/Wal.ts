/**
 * Whether the write-ahead log that a crash has left is damaged before its tail. SQLite doesn't ask: it reads up to the
 * first frame that doesn't match its checksum, which is right for a commit cut short by the crash, and silently drops
 * the commits after it when it is the disk that has lost a bit.
 *
 * The file (https://www.sqlite.org/fileformat2.html, section 4.1): a header of 32 bytes, then frames: a header of 24
 * bytes (page number, the database's size in pages if this frame ends a commit or else 0, two salts, two checksums),
 * and a page. Frames with other salts are left from before the file was last begun anew. Checksums are chained.
 */
const headerLength = 32
const frameHeaderLength = 24

/** Damage that no crash explains, since a whole frame of a later commit follows it. */
export const walFault = (bytes: Buffer): { readonly offset: number; readonly reason: string } | undefined => {
  // SQLite syncs the header before it writes the first frame.
  if (bytes.length <= headerLength) return undefined
  const magic = bytes.readUInt32BE(0)
  // The lowest bit says in which order the machine that wrote the file has its bytes.
  const littleEndian = magic === 0x377f0682
  if (!littleEndian && magic !== 0x377f0683 || sum(bytes, 0, 24, 0n, littleEndian) !== bytes.readBigUInt64BE(24)) {
    return { offset: 0, reason: "the header doesn't match its checksum" }
  }
  const length = frameHeaderLength + bytes.readUInt32BE(8)
  const salts = bytes.readBigUInt64BE(16)

  const salted = (at: number) => bytes.readBigUInt64BE(at + 8) === salts
  /** The checksum covers all but the salts, and goes on from the frame before: no frame left from earlier matches it. */
  const sound = (at: number) => {
    const before = at === headerLength ? bytes.readBigUInt64BE(24) : bytes.readBigUInt64BE(at - length + 16)
    const header = sum(bytes, at, at + 8, before, littleEndian)
    return sum(bytes, at + frameHeaderLength, at + length, header, littleEndian) === bytes.readBigUInt64BE(at + 16)
  }

  let damaged: number | undefined
  /** Whether a commit has ended at the damage or after it. */
  let ended = false
  /** Since the last commit has ended. A page that comes again belongs to another, for a commit writes a page once. */
  let pages = new Set<number>()
  for (let at = headerLength; at + length <= bytes.length; at += length) {
    const [isSalted, isSound] = [salted(at), sound(at)]
    const page = bytes.readUInt32BE(at)
    const ends = bytes.readUInt32BE(at + 4) !== 0
    if (!isSalted || !isSound) damaged ??= at
    else if (damaged !== undefined && (ended || pages.has(page))) {
      const reason = `a frame doesn't match its checksum, and it isn't the tail: a later commit is at byte ${at}`
      return { offset: damaged, reason }
    }
    if (!isSalted && !isSound) continue
    ended ||= ends && damaged !== undefined
    if (ends) pages = new Set()
    else pages.add(page)
  }
  return undefined
}

/** SQLite's checksum over a multiple of 8 bytes, going on from `before`; both its halves in one number. */
const sum = (bytes: Buffer, from: number, to: number, before: bigint, littleEndian: boolean): bigint => {
  let a = Number(before >> 32n)
  let b = Number(before & 0xffffffffn)
  for (let k = from; k < to; k += 8) {
    a = (a + b + (littleEndian ? bytes.readUInt32LE(k) : bytes.readUInt32BE(k))) >>> 0
    b = (b + a + (littleEndian ? bytes.readUInt32LE(k + 4) : bytes.readUInt32BE(k + 4))) >>> 0
  }
  return BigInt(a) << 32n | BigInt(b)
}
