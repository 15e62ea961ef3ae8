/** Chromium without a window, to look at pages as a browser shows them: for tests, figures and screenshots. */
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { chromium } from "playwright-core"
import type { BrowserContext, Page } from "playwright-core"

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]

/** The browser's file on the PATH, or `undefined`. */
export const findChromium = (path = process.env["PATH"] ?? ""): string | undefined =>
  path.split(delimiter).flatMap((folder) => names.map((name) => join(folder, name))).find((file) => {
    try {
      accessSync(file, constants.X_OK)
      return true
    } catch {
      return false
    }
  })

/** A browser of its own, that neither knows nor keeps anything; `close` ends it. */
export const openChromium = async (
  executablePath: string,
  options: { readonly colorScheme?: "light" | "dark"; readonly viewport?: { readonly width: number; readonly height: number } } = {}
): Promise<{ readonly context: BrowserContext; readonly close: () => Promise<void> }> => {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-chromium-"))
  const context = await chromium.launchPersistentContext(folder, {
    executablePath,
    headless: true,
    viewport: { width: 1400, height: 850 },
    ...options,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync"
    ]
  })
  const close = async () => {
    await context.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { context, close }
}

/** Waits until all that was asked for is drawn: a frame for the request, and one in which it is done. */
export const settled = async (page: Page): Promise<void> => {
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
}

/** Goes to one of our pages, waits until it is drawn, and says how long that took, in milliseconds. */
export const goToDrawn = async (page: Page, url: string): Promise<number> => {
  const start = performance.now()
  await page.goto(url)
  await page.waitForSelector("html[data-ready]", { state: "attached" })
  await settled(page)
  return performance.now() - start
}
