/** Pages of histories: how large they are, how long it takes to make one, and until a browser has drawn it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { kvEmpty } from "../linearizability/models/kv.ts"
import { findChromium, goToDrawn, openChromium } from "../render/Chromium.ts"
import { simulated } from "../render/fixtures.ts"
import { historyPicture } from "../render/HistoryPicture.ts"
import { page } from "../render/Page.ts"

const repeats = 3

/** One line for each size; without a browser, without the time that it takes. */
export const pages = async (): Promise<ReadonlyArray<string>> => {
  const chromium = findChromium()
  const browser = chromium === undefined ? undefined : await openChromium(chromium)
  const folder = mkdtempSync(join(tmpdir(), "lockstep-pages-"))
  const lines: Array<string> = []
  for (const [operations, clients] of [[10_000, 10], [10_000, 50], [100_000, 20]] as const) {
    const { history, result } = simulated({ operations, clients, unknown: 0.01, bad: 1 })
    const start = performance.now()
    const html = page(historyPicture(history, kvEmpty, result, { title: "bench" }))
    const made = (performance.now() - start) / 1000
    const file = join(folder, "page.html")
    writeFileSync(file, html)
    const times: Array<number> = []
    for (let n = 0; browser !== undefined && n < repeats; n++) {
      const tab = await browser.context.newPage()
      times.push(await goToDrawn(tab, pathToFileURL(file).href) / 1000)
      await tab.close()
    }
    const drawn = browser === undefined ? "not opened: no Chromium on the PATH" : `drawn after ${Math.max(...times).toFixed(2)} s at most`
    lines.push(`Page of ${operations} operations by ${clients} clients: ${(html.length / 1e6).toFixed(2)} MB, made in ${made.toFixed(2)} s, ${drawn}`)
  }
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
  return lines
}
