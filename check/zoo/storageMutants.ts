/** Mistakes in the log on disk (table "Persistence and storage"), noticed by what spec/Disk.tla doesn't allow. */
import type { Mutant } from "./Mutant.ts"

const fileLog = "src/shell/storage/FileLog.ts"
const frame = "src/shell/storage/Frame.ts"

const mutant = (id: string, title: string, file: string, from: string, to: string): Mutant => ({
  id, rule: "Storage", title, edits: [{ file, from, to }], expected: []
})

const syncOfCommit = "  yield* disk.sync(name)\n"
const writeOfCommit = "  yield* disk.write(name, at.end, bytes)\n"

export const storageMutants: ReadonlyArray<Mutant> = [
  mutant("P01", "a commit is acknowledged before its sync", fileLog, syncOfCommit, ""),
  mutant("P02", "a file is renamed, and its folder not synced", fileLog, "  yield* disk.syncFolder\n})", "})"),
  mutant("P03", "a sync that failed is taken for done", fileLog, syncOfCommit, "  yield* Effect.ignore(disk.sync(name))\n"),
  mutant("P04", "a torn tail is taken for a commit if it is long enough", frame, "return crc32(payload) === sum ? payload", "return true ? payload"),
  mutant("P05", "everything after a damaged commit is dropped", fileLog, "(followedAt !== undefined || !isLast)", "false"),
  mutant("P10", "segments are read in the order of their names", fileLog, ".sort((a, b) => a - b)", ".sort()"),
  mutant("P11", "a write that failed is taken for done", fileLog, writeOfCommit, "  yield* Effect.ignore(disk.write(name, at.end, bytes))\n"),
  mutant("P15", "what a checkpoint contains is read again after it", fileLog, "{ first: latest + 1, image }", "{ first: latest, image }"),
  mutant("P16", "a checkpoint is written over the old one", fileLog, "const unfinished = `${name}.new`", "const unfinished = name"),
  mutant(
    "P17",
    "segments go before the checkpoint that replaces them is there",
    fileLog,
    "  yield* replaceFile(disk, \"checkpoint\"",
    "  yield* removeBefore(disk, latest + 1)\n  yield* replaceFile(disk, \"checkpoint\""
  ),
  mutant(
    "P18",
    "the checksum is of a commit's content only",
    frame,
    "if (bytes.readUInt32LE(offset + 8) !== headerCheck(file, offset, length, sum)) {",
    "if (length === 0) {"
  ),
  mutant("P20", "what a killed process has renamed is believed as it is", fileLog, "  yield* disk.syncFolder\n  const names", "  const names"),
  mutant(
    "P21",
    "what was read is confirmed together with the frame that says so",
    fileLog,
    "  yield* disk.sync(segment(last.number))\n",
    ""
  ),
  mutant("P22", "a segment keeps its room for more when another one follows", fileLog, "  yield* disk.truncate(segment(number), end)\n", ""),
  mutant(
    "P23",
    "a segment that seems to be cut isn't cut again, though the sync of the cut failed",
    fileLog,
    "{ end, number }: Open) {\n  yield* disk.truncate(segment(number), end)\n  yield* disk.sync(segment(number))\n",
    "{ end, length, number }: Open) {\n  if (end < length) {\n    yield* disk.truncate(segment(number), end)\n    yield* disk.sync(segment(number))\n  }\n"
  ),
  mutant(
    "P24",
    "what is left of a segment is removed when the segment has taken its name",
    fileLog,
    "  for (const name of names) if (name.endsWith(\".new\")) yield* disk.remove(name)\n  last ??= yield* newSegment(disk, first)\n",
    "  last ??= yield* newSegment(disk, first)\n  for (const name of names) if (name.endsWith(\".new\")) yield* disk.remove(name)\n"
  ),
  mutant("P25", "a frame doesn't know its file's salt", frame, "Uint32Array.of(number, salt, offset, length, sum)", "Uint32Array.of(number, 0, offset, length, sum)")
]
