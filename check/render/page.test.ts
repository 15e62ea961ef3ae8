// Goal: whoever opens a page sees what matters, can reach everything by mouse and by keys, and nothing that a client has
// written can do harm. Method: pages in a real browser, from the disk; what is drawn is known from the texts that reach
// the canvas, and where.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import type { Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { History } from "../linearizability/History.ts"
import { kvEmpty as kv } from "../linearizability/models/kv.ts"
import type { CheckResult } from "../linearizability/Result.ts"
import { runScenario } from "../scenario/Scenario.ts"
import { findChromium, goToDrawn, openChromium, settled } from "./Chromium.ts"
import { firstBad, operation, simulated, staleRead } from "./fixtures.ts"
import { historyPicture } from "./HistoryPicture.ts"
import { page as pageOf } from "./Page.ts"
import type { Annotation, Picture } from "./Picture.ts"
import { storyPicture } from "./StoryPicture.ts"

interface Drawn {
  readonly text: string
  /** Where it begins, in pixels of the window. */
  readonly x: number
  readonly y: number
}

/** Runs in the page: remembers the texts of the last drawing of the view. */
const remember = `
  globalThis.drawn = []
  const { clearRect, fillText } = CanvasRenderingContext2D.prototype
  CanvasRenderingContext2D.prototype.clearRect = function(...args) {
    drawn = []
    clearRect.apply(this, args)
  }
  CanvasRenderingContext2D.prototype.fillText = function(text, x, y) {
    const { left, top } = this.canvas.getBoundingClientRect()
    drawn.push({ text, x: left + x, y: top + y })
    fillText.call(this, text, x, y)
  }`

const chromium = findChromium()
const folder = mkdtempSync(join(tmpdir(), "lockstep-page-"))

describe.skipIf(chromium === undefined)(`A page${chromium === undefined ? " (not run: no Chromium on the PATH)" : ""}`, { timeout: 60_000 }, () => {
  let browser: Awaited<ReturnType<typeof openChromium>>
  /** What went wrong in pages, and what they asked for besides themselves. */
  const trouble: Array<string> = []

  beforeAll(async () => {
    browser = await openChromium(chromium!)
    await browser.context.addInitScript({ content: remember })
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  let pages = 0
  const open = async (picture: Picture): Promise<Page> => {
    const file = join(folder, `${pages++}.html`)
    writeFileSync(file, pageOf(picture))
    const page = await browser.context.newPage()
    const url = pathToFileURL(file).href
    page.on("console", (message) => trouble.push(`${message.type()}: ${message.text()}`))
    page.on("pageerror", (error) => trouble.push(error.message))
    page.on("request", (request) => request.url() === url || trouble.push(`request: ${request.url()}`))
    page.on("dialog", (dialog) => {
      trouble.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    await goToDrawn(page, url)
    return page
  }
  const drawn = async (page: Page): Promise<ReadonlyArray<Drawn>> => {
    await settled(page)
    return page.evaluate<ReadonlyArray<Drawn>>("drawn")
  }
  const texts = async (page: Page) => (await drawn(page)).map(({ text }) => text)
  const find = async (page: Page, start: string): Promise<Drawn> => {
    const found = (await drawn(page)).find(({ text }) => text.startsWith(start))
    if (found === undefined) throw new Error(`${start} is not drawn`)
    return found
  }
  /** Any number that is drawn at the edge of a bar is the place of its operation in the order that is shown. */
  const numbers = async (page: Page) => {
    const axis = (await page.locator("#view").boundingBox())!.y + 26
    return (await drawn(page)).filter(({ text, y }) => /^\d+$/.test(text) && y > axis).map(({ text }) => Number(text))
  }
  const press = async (page: Page, ...keys: ReadonlyArray<string>) => {
    for (const key of keys) await page.keyboard.press(key)
    await settled(page)
  }
  const small = (annotations: ReadonlyArray<Annotation> = []) => {
    const { history, result } = staleRead()
    return historyPicture(history, kv, result, { title: "small.jsonl", annotations })
  }

  it("opens from a disk without trouble, and asks for nothing", async () => {
    const page = await open(small())
    expect(await page.title()).toBe("small.jsonl")
    expect(await page.textContent("#about")).toBe("not linearizable · model kv-empty · 9 operations · 6 clients")
    expect(await page.textContent("#reason")).toContain("get() -> \"a\" was called after put(\"b\") had returned")
    await page.close()
    expect(trouble).toEqual([])
  })

  it("can load nothing, even if a part of it tried to", async () => {
    const page = await open(small())
    await page.evaluate("fetch('https://lockstep.invalid/').catch(() => {})")
    await page.close()
    expect(trouble.splice(0).join()).toMatch(/Content Security Policy/)
  })

  it("shows the core of 10,000 operations first, by 10 clients as by 50 of which some give up", async () => {
    for (const [clients, unknown] of [[10, 0], [50, 0.05]] as const) {
      const { history, result } = simulated({ operations: 10_000, clients, unknown, bad: 1 })
      const picture = historyPicture(history, kv, result, { title: "many" })
      const { context, core } = firstBad(result).explanation
      expect(pageOf(picture).length).toBeLessThan(1_000_000)
      const page = await open(picture)
      const { width, height } = (await page.locator("#view").boundingBox())!
      const shown = (await drawn(page)).filter(({ x, y }) => x > 96 && x < width && y < height + 200)
      expect(shown.filter(({ text }) => text.startsWith("◆"))).toHaveLength(core.length)
      expect(shown.filter(({ text }) => text.startsWith("◇"))).toHaveLength(context.length)
      // And what is around: neither nothing nor everything.
      expect(shown.length).toBeGreaterThan(20)
      expect(shown.length).toBeLessThan(400)
      await page.close()
    }
  })

  it("tells all about the operation under the pointer", async () => {
    const page = await open(small())
    const { x, y } = await find(page, "put(\"z\")")
    await page.mouse.move(x + 5, y)
    const tooltip = page.locator("#tooltip")
    expect(await tooltip.innerText()).toMatch(/put\("z"\) -> \? by client 4[^]*call\s+12[^]*return\s+unknown: it may take effect at any later time, or never[^]*place\s+1 in order 2/)
    await page.mouse.move(x - 30, 500)
    expect(await tooltip.isVisible()).toBe(false)
    await page.close()
  })

  it("shows for a selected operation an order that has it, with numbers and states, also when the pointer has left", async () => {
    const page = await open(small())
    expect(await numbers(page)).toEqual([1, 2, 3, 4])
    const { x, y } = await find(page, "put(\"z\")")
    await page.mouse.click(x + 5, y)
    await page.mouse.move(700, 480)
    // It is only in the second order.
    expect(await numbers(page)).toEqual([1, 2, 3, 4, 5])
    const steps = page.locator("#details section").nth(1)
    expect(await steps.locator("h2").innerText()).toBe("Longest order 2 of 2: 5 operations")
    expect(await steps.locator("li").allInnerTexts()).toEqual(expect.arrayContaining([expect.stringMatching(/^1\s+put\("z"\) -> \? by client 4\s+"z"$/)]))
    expect(await steps.locator("[aria-current]").innerText()).toContain("put(\"z\")")
    expect(await page.locator("#details section").nth(2).innerText()).toContain("the state is \"b\", not \"a\"")
    await page.close()
  })

  it("has a key for everything", async () => {
    const { history, result } = simulated({ operations: 2_000, clients: 8, keys: 20, bad: 2 })
    const page = await open(historyPicture(history, kv, result, { title: "keys" }))
    const heading = () => page.locator("#details h2").first().innerText()
    const sheet = () => page.locator("#sheets [aria-current] b").innerText()
    const first = await sheet()
    expect(await heading()).toBe("Core")
    await press(page, "n", "Enter")
    expect(await heading()).toMatch(/ by client \d+$/)
    await press(page, "Escape")
    expect(await heading()).toBe("Core")
    await press(page, "Shift+N")
    expect(await sheet()).not.toBe(first)
    expect(await page.textContent("#reason")).toContain("is not linearizable")
    await press(page, "Shift+P")
    expect(await sheet()).toBe(first)
    const before = await texts(page)
    await press(page, "ArrowRight", "ArrowRight", "ArrowRight")
    const moved = await texts(page)
    expect(moved).not.toEqual(before)
    await press(page, "0")
    expect(await texts(page)).not.toEqual(moved)
    await press(page, "c")
    expect(await page.getAttribute("#focus", "aria-pressed")).toBe("true")
    await press(page, "Shift+N", "Shift+P")
    expect(await page.getAttribute("#focus", "aria-pressed")).toBe("false")
    await press(page, "t")
    expect(await page.getAttribute("#time", "aria-pressed")).toBe("true")
    await press(page, "/")
    await page.keyboard.type("put")
    expect(await page.textContent("#found")).toMatch(/^\d+ found$/)
    await press(page, "Enter")
    expect(await page.textContent("#found")).toMatch(/^1 of \d+$/)
    await press(page, "Escape", "?")
    expect(await page.locator("dialog").innerText()).toContain("next, previous sheet")
    await press(page, "Escape")
    expect(await page.locator("dialog").isVisible()).toBe(false)
    await page.close()
  })

  it("comes closer and goes farther, by wheel and keys", async () => {
    const page = await open(small())
    const distance = async () => (await find(page, "get() -> \"a\"")).x - (await find(page, "◇ put(\"a\")")).x
    const before = await distance()
    const { x, y } = await find(page, "◇ put(\"a\")")
    await page.mouse.move(x, y)
    await page.mouse.wheel(0, -200)
    const closer = await distance()
    expect(closer).toBeGreaterThan(before * 1.2)
    await press(page, "-", "-", "-")
    expect(await distance()).toBeLessThan(closer)
    await press(page, "0")
    expect(await distance()).toBeCloseTo(before)
    await page.close()
  })

  it("comes closer under two fingers", async () => {
    const page = await open(small())
    const distance = async () => (await find(page, "◆ get")).x - (await find(page, "◆ put")).x
    const before = await distance()
    const session = await browser.context.newCDPSession(page)
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...xs: ReadonlyArray<number>) =>
      session.send("Input.dispatchTouchEvent", { type, touchPoints: xs.map((x, id) => ({ x, y: 300, id })) })
    await touch("touchStart", 425, 475)
    for (let k = 1; k <= 10; k++) await touch("touchMove", 425 - 2 * k, 475 + 3 * k)
    await touch("touchEnd")
    expect(await distance()).toBeCloseTo(2 * before, -1)
    await page.close()
  })

  it("is moved by dragging, which selects nothing", async () => {
    const { history, result } = simulated({ operations: 500, clients: 5, bad: 1 })
    const page = await open(historyPicture(history, kv, result, { title: "drag" }))
    const { text, x, y } = await find(page, "◆ get")
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x - 100, y)
    await page.mouse.up()
    expect((await find(page, text)).x).toBeCloseTo(x - 100)
    expect(await page.locator("#details h2").first().innerText()).toBe("Core")
    await page.close()
  })

  it("takes what clients have written as text, whatever it is", async () => {
    const evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>{{script}}<!--data-->"
    const ops = [
      { ...operation({ client: 1, op: "put", value: evil, call: 1, return: 2 }), key: evil },
      { ...operation({ client: 2, op: "get", output: "😀 漢字 \u202e", call: 3, return: 4 }), key: evil }
    ]
    const result: CheckResult = {
      verdict: "illegal",
      keys: [{
        key: evil,
        operations: 2,
        verdict: "illegal",
        explanation: { reason: evil, core: [1], isMinimal: true, forgets: false, context: [0], blocked: 1, before: 1, prefixes: [{ order: [0], states: [evil], next: [{ row: 1, why: evil }] }] }
      }]
    }
    const page = await open(historyPicture(History.of(ops), kv, result, { title: evil, annotations: [{ group: evil, label: evil, from: 1, to: 2 }] }))
    expect(await page.title()).toBe(evil)
    expect(await page.textContent("#reason")).toContain(evil)
    await press(page, "n", "Enter")
    expect(await page.textContent("#details")).toContain(evil)
    await press(page, "p")
    expect(await page.locator("#details dd").allInnerTexts()).toContain(JSON.stringify("😀 漢字 \u202e"))
    expect(await page.locator("img").count()).toBe(0)
    await page.close()
  })

  it("gives times exactly, also above 2^53, and shows what takes no time", async () => {
    const time = 2 ** 60 + 256
    const history = History.of([operation({ client: 1, op: "get", output: "", call: time, return: time })])
    const result: CheckResult = { verdict: "ok", keys: [{ key: "x", operations: 1, verdict: "ok", witness: Int32Array.of(0) }] }
    const page = await open(historyPicture(history, kv, result, { title: "times" }))
    await press(page, ".", "Enter")
    expect(await page.locator("#details dd").allInnerTexts()).toEqual(["1", "get", "\"\"", "1152921504606847232", "1152921504606847232", "1 in order 1"])
    await find(page, "get() -> \"\"")
    await page.close()
  })

  it("shows the order of an object that is linearizable, and says of which object that is not known", async () => {
    const history = History.of([
      operation({ client: 1, op: "put", value: "a", call: 1, return: 9 }),
      operation({ client: 2, op: "get", output: "a", call: 2, return: 5 }),
      { ...operation({ client: 1, op: "get", output: "?", call: 20, return: 30 }), key: "y" }
    ])
    const result: CheckResult = {
      verdict: "unknown",
      keys: [
        { key: "x", operations: 2, verdict: "ok", witness: Int32Array.of(0, 1) },
        { key: "y", operations: 1, verdict: "unknown", reason: "memory" }
      ]
    }
    const page = await open(historyPicture(history, kv, result, { title: "two" }))
    expect(await page.textContent("#reason")).toBe("y is undecided: the memory did not suffice to decide.")
    await press(page, "Shift+N")
    expect(await page.textContent("#reason")).toBe("x is linearizable.")
    expect(await numbers(page)).toEqual([1, 2])
    expect(await page.locator("#details section").nth(1).innerText()).toMatch(/An order that works: 2 operations[^]*1\s+put\("a"\) by client 1\s+"a"[^]*2\s+get\(\) -> "a" by client 2\s+"a"/)
    await page.close()
  })

  it("draws what isn't an operation, and hides it on wish", async () => {
    const page = await open(small([{ group: "partition", label: "n1 | n2 n3", from: 15, to: 35 }, { group: "kill", label: "n1", from: 40, to: null }]))
    expect(await texts(page)).toEqual(expect.arrayContaining(["partition: n1 | n2 n3", "kill: n1"]))
    await page.getByLabel("partition").uncheck()
    expect(await texts(page)).not.toContain("partition: n1 | n2 n3")
    expect(await texts(page)).toContain("kill: n1")
    await page.close()
  })

  it("follows the scheme of the system", async () => {
    const page = await open(small())
    const ground = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor")
    const light = await ground()
    await page.emulateMedia({ colorScheme: "dark" })
    expect(await ground()).not.toBe(light)
    await page.close()
  })

  it("draws a story: servers, steps, messages, and all states at the selected step", async () => {
    const { servers, steps } = runScenario("servers 3\ntimeout s1\ndeliver RequestVoteRequest s1->s2\ndeliver RequestVoteResponse s2->s1\n", "votes")
    const page = await open(storyPicture("a story", "s1 is elected", [{ story: { title: "s1 is elected", servers, steps } }]))
    expect(await texts(page)).toEqual(expect.arrayContaining(["s1", "s2", "s3", "Timeout", "RequestVoteRequest", "C t1 c0 votes=s1 []"]))
    expect(await page.locator("#details h2").first().innerText()).toBe("Step 3: RequestVoteResponse at s1")
    await press(page, "n", "n")
    const details = page.locator("#details section")
    expect(await details.nth(0).innerText()).toMatch(/Step 2: RequestVoteRequest at s2[^]*sent\s+in step 1[^]*changes\s+t1 v=s1/)
    expect(await details.nth(1).locator("li").allInnerTexts()).toEqual([
      expect.stringMatching(/^s1\s+C t1 c0 votes=s1 \[\]\s+since step 1$/),
      expect.stringMatching(/^s2\s+F t1 c0 v=s1 \[\]\s+since step 2$/),
      expect.stringMatching(/^s3\s+F t0 c0 \[\]$/)
    ])
    const { x, y } = await find(page, "C t1 c0")
    await page.mouse.move(x + 20, y)
    expect(await page.locator("#tooltip").innerText()).toMatch(/Step 1: Timeout at s1/)
    await page.close()
  })

  it("gave no trouble in all this", () => expect(trouble).toEqual([]))
})
