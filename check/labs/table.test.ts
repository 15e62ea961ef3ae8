import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { faults, file, idsOf, page } from "./table.ts"

test("What the labs and papers ask for has a test or a reason each", () => {
  expect(faults()).toEqual([])
})

test("The page says what is so", () => {
  expect(readFileSync(file, "utf8"), "node check/labs/table.ts writes it").toBe(page())
})

test("An id with neither test nor reason is noticed, and one with both, one that is listed twice, a story that isn't there", () => {
  const rows = [
    ["X-1", "tested"],
    ["X-2", "not tested"],
    ["X-3", "tested, with a reason", { not: "later" }],
    ["X-4", "told", { story: "figure-8, figure-99" }],
    ["X-1", "again"]
  ] as const
  expect(faults([{ title: "X", rows }], new Map([["X-1", ["here"]], ["X-3", ["here"]], ["P-99", ["here"]]]))).toEqual([
    "X-1 is there twice",
    "X-2 has neither test nor reason",
    "X-3 has a test, and a reason why not",
    "X-4: there is no story figure-99",
    "P-99 is tested, but not in the list"
  ])
})

test("A title may begin with several ids", () => {
  expect(idsOf("RP-1 RP-2: they do")).toEqual(["RP-1", "RP-2"])
  expect(idsOf("P-10 5.4.1: the later last term wins")).toEqual(["P-10"])
  expect(idsOf("No id")).toEqual([])
})
