// The bytes of files, block by block: also packed ones, and those that come through a pipe.
import { setImmediate } from "node:timers/promises"
import { HistoryError } from "../History.ts"

// As an import, node:fs would load all that it may need at once: streams, promises, watchers.
const { closeSync, fstatSync, openSync, readSync } = process.getBuiltinModule("node:fs")

const BLOCK_SIZE = 1 << 20

/** The path that means the standard input. */
export const STANDARD_INPUT = "-"

/**
 * The bytes of a file, unpacked if they are gzip, whatever its name. A `HistoryError` where they can't be had; the
 * signal's reason once it is aborted.
 */
export async function* blocksOf(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    const blocks = path === STANDARD_INPUT ? standardInput(signal) : fileBlocks(path, signal)
    const { value: first } = await blocks.next()
    if (first === undefined) return
    if (first[0] === 0x1f && first[1] === 0x8b) yield* unpacked(rejoined(first, blocks))
    else {
      yield first
      yield* blocks
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw error instanceof HistoryError ? error : new HistoryError({ file: nameOf(path), reason: reasonOf(error as NodeJS.ErrnoException) })
  }
}

/** What messages call a file. */
export const nameOf = (path: string): string => (path === STANDARD_INPUT ? "stdin" : path)

const reasonOf = ({ code = "", message }: NodeJS.ErrnoException): string => {
  if (code === "Z_BUF_ERROR") return "the gzip data are truncated"
  if (code.startsWith("Z_")) return `not valid gzip data: ${message}`
  return `cannot be read: ${message}`
}

async function* fileBlocks(path: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  const file = openSync(path, "r")
  try {
    // What isn't a file says that its size is 0.
    const size = Math.min(BLOCK_SIZE, fstatSync(file).size + 1)
    for (;;) {
      const block = Buffer.allocUnsafe(size > 1 ? size : BLOCK_SIZE)
      const length = readSync(file, block)
      if (length > 0) yield block.subarray(0, length)
      if (length < size) return
      // Reading holds the thread: let a signal in between.
      await setImmediate()
      signal?.throwIfAborted()
    }
  } finally {
    closeSync(file)
  }
}

async function* standardInput(signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  const { addAbortSignal } = await import("node:stream")
  yield* (signal === undefined ? process.stdin : addAbortSignal(signal, process.stdin)) as AsyncIterable<Uint8Array>
}

async function* rejoined(first: Uint8Array, rest: AsyncGenerator<Uint8Array, void, undefined>) {
  yield first
  yield* rest
}

async function* unpacked(blocks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const { createGunzip } = await import("node:zlib")
  const { pipeline } = await import("node:stream/promises")
  const gunzip = createGunzip({ chunkSize: BLOCK_SIZE })
  // What goes wrong is thrown where the bytes are taken.
  pipeline(blocks, gunzip).catch(() => {})
  yield* gunzip as AsyncIterable<Uint8Array>
}
