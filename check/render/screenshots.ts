/**
 * Pictures of pages, to be looked at before a change of them is committed: `just screenshots FOLDER`.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { kvEmpty } from "../linearizability/models/kv.ts"
import { runScenario } from "../scenario/Scenario.ts"
import { findChromium, goToDrawn, openChromium, settled } from "./Chromium.ts"
import { simulated, staleRead } from "./fixtures.ts"
import type { Simulation } from "./fixtures.ts"
import { historyPicture } from "./HistoryPicture.ts"
import { page as pageOf } from "./Page.ts"
import type { Picture } from "./Picture.ts"
import { storyPicture } from "./StoryPicture.ts"

const many = (title: string, simulation: Simulation): Picture => {
  const { history, result } = simulated(simulation)
  return historyPicture(history, kvEmpty, result, { title })
}

const story = (name: string): Picture => {
  const { servers, steps } = runScenario(readFileSync(new URL(`../scenarios/${name}.txt`, import.meta.url), "utf8"), name)
  return storyPicture(name, "a scenario", [{ story: { title: name, servers, steps } }])
}

const small = (): Picture => {
  const { history, result } = staleRead()
  const annotations = [{ group: "partition", label: "n1 n2 | n3", from: 32, to: 52 }, { group: "kill", label: "n1", from: 57, to: 57 }]
  return historyPicture(history, kvEmpty, result, { title: "a stale read", annotations })
}

/** Name, picture, keys pressed before the picture is taken, and colours. */
const shots: ReadonlyArray<readonly [string, Picture, ReadonlyArray<string>, "light" | "dark"]> = [
  ["small", small(), [], "light"],
  ["small-selected-dark", small(), ["n", "n", "Enter"], "dark"],
  ["10000-operations", many("10,000 operations", { operations: 10_000, clients: 10, bad: 1 }), [], "light"],
  ["10000-operations-core", many("10,000 operations", { operations: 10_000, clients: 10, bad: 1 }), ["c"], "light"],
  ["many-clients-dark", many("clients that give up", { operations: 10_000, clients: 50, unknown: 0.05, bad: 1 }), [], "dark"],
  ["many-keys", many("200 keys", { operations: 10_000, clients: 20, keys: 200, unknown: 0.01, bad: 7 }), ["n", "Enter"], "light"],
  ["whole", many("everything at once", { operations: 10_000, clients: 10, bad: 1 }), ["0"], "light"],
  ["story", story("figure-8"), [], "light"],
  ["story-dark", story("install-snapshot-in-chunks"), ["n", "n", "n"], "dark"],
  ["help", small(), ["?"], "light"]
]

const folder = resolve(process.argv[2] ?? "screenshots")
mkdirSync(folder, { recursive: true })
const chromium = findChromium()
if (chromium === undefined) throw new Error("no Chromium on the PATH")
const browser = await openChromium(chromium)
for (const [name, picture, keys, colorScheme] of shots) {
  const file = join(folder, `${name}.html`)
  writeFileSync(file, pageOf(picture))
  const page = await browser.context.newPage()
  await page.emulateMedia({ colorScheme })
  const ms = await goToDrawn(page, pathToFileURL(file).href)
  for (const key of keys) await page.keyboard.press(key)
  await settled(page)
  await page.screenshot({ path: join(folder, `${name}.png`) })
  console.log(`${name}.png (drawn after ${ms.toFixed(0)} ms)`)
  await page.close()
}
await browser.close()
