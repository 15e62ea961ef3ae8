// Goal: the examples in README.md are those that run here. Method: compare the text.
import { readdirSync, readFileSync } from "node:fs"
import { expect, test } from "vitest"

const here = new URL(".", import.meta.url)
const readme = readFileSync(new URL("../README.md", here), "utf8")
const blocks = [...readme.matchAll(/^From \[examples\/(.+)\]\(examples\/\1\):\n\n```ts\n([^]*?)\n```$/gm)].map(([, name, code]) => [name!, code!] as const)

/** What users import in the place of our own files. */
const packages: ReadonlyArray<readonly [string, string]> = [
  ["../index.ts", "lockstep/linearizability"],
  ["../testing/vitest.ts", "lockstep/linearizability/vitest"],
  ["../testing/concurrently.ts", "lockstep/linearizability/fast-check"],
  ["../testing/Schedule.ts", "lockstep/linearizability/fast-check"]
]

test("README.md shows all examples", () => {
  expect(blocks.map(([name]) => name).sort()).toEqual(readdirSync(here).filter((name) => name !== "readme.test.ts").sort())
  expect(readme.match(/```/g)).toHaveLength(2 * blocks.length)
})

test.each(blocks)("README.md shows %s as it is", (name, code) => {
  const file = readFileSync(new URL(name, here), "utf8").trimEnd()
  expect(code).toBe(packages.reduce((text, [own, theirs]) => text.replaceAll(`"${own}"`, `"${theirs}"`), file))
})
