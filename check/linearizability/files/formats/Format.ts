// What all formats have in common: each reads blocks of bytes, and hands on every history as soon as it is whole.
import type { History } from "../../History.ts"

/** A history as a file has it. Of the histories in a bundle each has its id, its model and perhaps its verdict. */
export interface Read {
  readonly history: History
  readonly id?: string
  readonly model?: string
  readonly expected?: "ok" | "illegal"
}

/** What `:fail` may mean for a compare-and-set: that it certainly had no effect, or that the value was another. */
export const failMeanings = ["no-effect", "answered-no"] as const
export type FailMeans = (typeof failMeanings)[number]

/** What a format's reader is told. */
export interface Reading {
  /** For error messages. */
  readonly file: string
  readonly emit: (read: Read) => void
}

/** Reads one file of one format. Its methods throw a `HistoryError` at the first thing that is wrong. */
export interface FormatReader {
  /**
   * Reads what is whole (lines, forms) of `bytes` up to `end` and returns where it stopped: what lies behind comes again
   * as the beginning of the next block. The last block ends in a line break, and none is empty. `bytes` is written over afterwards.
   */
  readonly read: (bytes: Uint8Array, end: number, isLast: boolean) => number
  /** Set when `read` has stopped because it needs something that must be loaded first; then it is called again. */
  readonly missing?: (() => Promise<void>) | undefined
  /** The line at which `read` has stopped, from 1. */
  readonly line: number
  /** Operations so far. */
  readonly operations: number
  /** The file is over. */
  readonly end: () => void
}

/** The bytes that readers look for. */
export const TAB = 0x09
export const LINE_FEED = 0x0a
export const SPACE = 0x20
export const QUOTE = 0x22
export const COLON = 0x3a
export const BACKSLASH = 0x5c

/** Where the line at `start` ends: at its line break, or at `end`. */
export const endOfLine = (bytes: Uint8Array, start: number, end: number): number => {
  const at = bytes.indexOf(LINE_FEED, start)
  return at < 0 || at > end ? end : at
}

export const startsWith = (bytes: Uint8Array, at: number, word: Uint8Array): boolean => {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false
  return true
}

export const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39
