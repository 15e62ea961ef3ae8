/** Writes a file whole or not at all. */
import * as Effect from "effect/Effect"
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { badInput } from "./Ending.ts"

/** Under another name first, then in its place: nobody finds half a file, whatever the disk does. */
export const replaceFile = (path: string, text: string) =>
  Effect.try({
    try: () => {
      const dir = mkdtempSync(join(dirname(path), ".lockstep-"))
      try {
        const written = join(dir, basename(path))
        writeFileSync(written, text)
        renameSync(written, path)
      } finally {
        rmSync(dir, { recursive: true, force: true })
      }
    },
    catch: (error) => badInput(`${path}: cannot be written: ${(error as Error).message}`)
  })
