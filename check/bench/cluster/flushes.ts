/** How often a disk was told to make durable what it holds, as Linux counts it: a witness that is on neither side. */
import { existsSync, readFileSync, statSync } from "node:fs"

/**
 * So far, of the disk that holds `folder`, by whatever process; `undefined` where nobody counts: elsewhere than on Linux,
 * or with a disk that has no cache to flush.
 */
export const flushesOf = (folder: string): number | undefined => {
  // As makedev(3) puts them together.
  const { dev } = statSync(folder)
  const device = `/sys/dev/block/${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`
  // Only whole disks count flushes.
  const file = existsSync(`${device}/partition`) ? `${device}/../stat` : `${device}/stat`
  if (!existsSync(file)) return undefined
  const count = Number(readFileSync(file, "utf8").trim().split(/\s+/)[15])
  return count > 0 ? count : undefined
}
