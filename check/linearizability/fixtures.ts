// The histories in this repository (check/histories) and what is known about them.
import { relative, sep } from "node:path"
import { fileURLToPath } from "node:url"
import verdicts from "../histories/verdicts.json" with { type: "json" }
import type { HistoryReport, VerifyReport } from "./files/verify.ts"

/** The folder of the histories: real ones with their licence, and bundles of generated ones. */
export const fixtures = fileURLToPath(new URL("../histories", import.meta.url))

const known: Readonly<Record<string, { readonly verdict: string; readonly bad: ReadonlyArray<string> }>> = verdicts

/** Where a report on `fixtures` differs from what is known, in words; a bundle has its verdicts itself. */
export const disagreements = (report: Pick<VerifyReport, "histories">): ReadonlyArray<string> =>
  report.histories.flatMap((history) => {
    const file = relative(fixtures, history.file).split(sep).join("/")
    const at = history.id === undefined ? file : `${file} ${history.id}`
    const expected = history.expected ?? known[file]?.verdict
    if (expected === undefined) return [`${at}: no verdict is known`]
    if (history.verdict !== expected) return [`${at}: ${history.verdict}, known: ${expected}`]
    return wrongKeys(history, known[file]?.bad).map((words) => `${at}: ${words}`)
  })

const wrongKeys = (history: HistoryReport, expected: ReadonlyArray<string> | undefined): ReadonlyArray<string> => {
  const words = (keys: ReadonlyArray<string>) => [...keys].sort().join(", ") || "none"
  const found = words(history.bad.map((k) => k.key))
  if (expected === undefined || found === words(expected)) return []
  return [`bad keys ${found}, known: ${words(expected)}`]
}
