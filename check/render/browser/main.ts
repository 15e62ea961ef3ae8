// The page: finds its data, draws one sheet at a time, and does what mouse, fingers and keys ask for.
import type { Picture, Sheet } from "../Picture.ts"
import { courseDrawing } from "./CourseScene.ts"
import { element, sectionElements, Tooltip } from "./Details.ts"
import { listenToGestures } from "./Gestures.ts"
import { legendElements } from "./Legend.ts"
import { objectDrawing } from "./ObjectScene.ts"
import { Overview } from "./Overview.ts"
import type { Drawing, Scene } from "./Scene.ts"
import { storyDrawing } from "./StoryScene.ts"
import { View } from "./View.ts"
import { Viewport } from "./Viewport.ts"

/** Sheets that are listed at once; others come with the filter. */
const mostSheets = 500

/** A drawing in which what matters is closer together than this, in pixels a column, needn't be narrowed down to it. */
const leastReadable = 4

const $ = <E extends HTMLElement>(id: string) => document.getElementById(id) as E

const read = async (): Promise<Picture> => {
  const bytes = Uint8Array.from(atob($("data").textContent), (c) => c.charCodeAt(0))
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))
  return await new Response(stream).json() as Picture
}

const keys: ReadonlyArray<readonly [string, string]> = [
  ["← → ↑ ↓, drag", "move"],
  ["+ −, wheel, pinch", "closer, farther"],
  ["0", "everything"],
  ["n, p", "next, previous of what is marked"],
  ["N, P", "next, previous sheet; bad ones come first"],
  [", .", "previous, next operation or step"],
  ["Enter, Space", "select what is current; again: let it go"],
  ["Escape", "select nothing"],
  ["o", "next longest order"],
  ["c", "only the core and what it speaks of; everything"],
  ["t", "distances as on the clock; or alike"],
  ["/", "find; Enter there: next one found"],
  ["?", "this help"]
]

class Page {
  readonly #picture: Picture
  readonly #port: Viewport
  readonly #view: View
  readonly #overview: Overview
  readonly #tooltip = new Tooltip($("tooltip"))
  readonly #hidden = new Set<string>()
  #sheet = 0
  #drawing: Drawing
  #order = 0
  #isNarrow = false
  #selected: number | undefined
  /** Where n, p, comma and point have got to; Enter selects it. */
  #current: number | undefined
  #found: ReadonlyArray<number> = []

  constructor(picture: Picture) {
    this.#picture = picture
    document.body.classList.toggle("alone", picture.sheets.length === 1)
    $("filter").hidden = picture.sheets.length < 12
    this.#drawing = this.#drawingOf(picture.sheets[0]!)
    this.#port = new Viewport(this.#drawing.scene)
    this.#view = new View($("view"), this.#port)
    this.#view.hiddenGroups = this.#hidden
    this.#overview = new Overview($("overview"), this.#port)
    this.#view.onDraw = () => this.#overview.draw()
    listenToGestures(this.#view.canvas, this.#port, {
      hover: (x, y, event) => this.#hover(x, y, event),
      leave: () => this.#leave(),
      select: (x, y) => {
        const item = this.#view.itemAt(x, y)
        this.#select(item === this.#selected ? undefined : item)
      }
    })
    this.#listenToKeys()
    this.#listenToTools()
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#view.draw())
    this.#openSheet(0)
  }

  #drawingOf(sheet: Sheet): Drawing {
    switch (sheet.kind) {
      case "object":
        return objectDrawing(this.#picture, sheet)
      case "story":
        return storyDrawing(sheet)
      case "course":
        return courseDrawing(this.#picture, sheet)
    }
  }

  get #scene(): Scene {
    return this.#port.scene
  }

  #openSheet(n: number) {
    this.#sheet = n
    const sheet = this.#picture.sheets[n]!
    this.#drawing = this.#drawingOf(sheet)
    this.#selected = undefined
    this.#current = undefined
    this.#view.selected = undefined
    this.#view.hovered = undefined
    this.#order = 0
    this.#isNarrow = false
    $("reason").textContent = reasonOf(sheet)
    this.#listSheets()
    this.#show(this.#drawing.scene)
    this.#showFirst()
    if (this.#drawing.focus !== undefined && this.#port.scale < leastReadable) this.#narrow(true)
    this.#find($<HTMLInputElement>("search").value, false)
  }

  #show(scene: Scene) {
    this.#view.show(scene, this.#drawing.path(scene, this.#order))
    $("legend").replaceChildren(...legendElements(scene, this.#drawing.orders > 0, this.#hidden, () => this.#view.draw()))
    this.#details()
    const [focus, order, time] = [$<HTMLButtonElement>("focus"), $<HTMLButtonElement>("order"), $<HTMLButtonElement>("time")]
    focus.hidden = this.#drawing.focus === undefined
    focus.setAttribute("aria-pressed", String(this.#isNarrow))
    order.hidden = this.#drawing.orders < 2
    order.textContent = `Order ${this.#order + 1} of ${this.#drawing.orders}`
    time.hidden = scene.times.length === 0
    time.setAttribute("aria-pressed", String(this.#port.isByTime))
  }

  #showFirst() {
    for (const items of this.#scene.first) {
      this.#port.fitItems(items)
      if (this.#port.scale >= leastReadable) return
    }
  }

  /** Only what matters, or everything. */
  #narrow(isNarrow: boolean) {
    const { focus, scene } = this.#drawing
    this.#isNarrow = isNarrow && focus !== undefined
    this.#show(this.#isNarrow ? focus! : scene)
    this.#showFirst()
    if (this.#selected !== undefined) this.#port.reveal(this.#selected)
  }

  /** Goes to an item, wherever it is. */
  #go(item: number) {
    if (this.#isNarrow && !this.#scene.items.includes(item)) this.#narrow(false)
    this.#select(item)
    this.#port.reveal(item)
  }

  #select(item: number | undefined) {
    this.#selected = item
    this.#current = item ?? this.#current
    this.#view.selected = item
    if (item !== undefined) {
      const orders = this.#drawing.ordersWith(item)
      if (orders.length > 0 && !orders.includes(this.#order)) this.#order = orders[0]!
      this.#say(this.#drawing.scene.titleOf(item), this.#drawing.scene.factsOf(item))
    }
    this.#view.path = this.#drawing.path(this.#scene, this.#order)
    $("order").textContent = `Order ${this.#order + 1} of ${this.#drawing.orders}`
    this.#details()
    this.#view.draw()
  }

  #nextOrder() {
    const those = this.#selected === undefined ? [] : this.#drawing.ordersWith(this.#selected)
    const all = those.length > 0 ? those : Array.from({ length: this.#drawing.orders }, (_, n) => n)
    if (all.length === 0) return
    this.#order = all[(all.indexOf(this.#order) + 1) % all.length]!
    this.#show(this.#scene)
  }

  /** The item after or before the current one; of marked ones, or of all. */
  #step(items: ReadonlyArray<number>, by: 1 | -1) {
    if (items.length === 0) return
    const at = this.#current === undefined ? -1 : items.indexOf(this.#current)
    const next = at < 0 ? (by === 1 ? 0 : items.length - 1) : (at + by + items.length) % items.length
    this.#current = items[next]!
    this.#view.hovered = this.#current
    this.#say(this.#drawing.scene.titleOf(this.#current), this.#drawing.scene.factsOf(this.#current))
    this.#port.reveal(this.#current)
    if (this.#selected !== undefined || this.#drawing.orders === 0) this.#select(this.#current)
  }

  #stepSheet(by: 1 | -1) {
    const { length } = this.#picture.sheets
    this.#openSheet((this.#sheet + by + length) % length)
  }

  #say(title: string, facts: ReadonlyArray<readonly [string, string]>) {
    $("said").textContent = `${title}. ${facts.map(([name, text]) => `${name}: ${text}`).join("; ")}`
  }

  #details() {
    $("details").replaceChildren(
      ...sectionElements(this.#drawing.sections(this.#selected, this.#order), this.#selected, (item) => this.#go(item))
    )
    document.querySelector("#details li button[aria-current]")?.scrollIntoView({ block: "nearest" })
  }

  #listSheets() {
    const wanted = $<HTMLInputElement>("filter").value.toLowerCase()
    const all = this.#picture.sheets.flatMap((sheet, n) => `${sheet.name} ${sheet.reason}`.toLowerCase().includes(wanted) ? [{ sheet, n }] : [])
    const listed = all.slice(0, mostSheets).map(({ n, sheet }) => {
      const note = noteOf(sheet)
      const button = element("button", n === this.#sheet ? { "aria-current": "true" } : {}, element("b", {}, sheet.name), element("small", {}, note))
      button.addEventListener("click", () => this.#openSheet(n))
      return element("li", { class: sheet.kind === "object" ? sheet.verdict : "story" }, button)
    })
    const more = all.length - listed.length
    $("sheets").replaceChildren(...listed, ...(more > 0 ? [element("li", { class: "more" }, `${more.toLocaleString("en")} more: use the filter`)] : []))
    $("sheets").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" })
  }

  /** Marks all operations that have the text in their words, and goes to the first. */
  #find(text: string, go: boolean) {
    const wanted = text.trim().toLowerCase()
    const { scene } = this.#drawing
    const words = (item: number) => `${scene.titleOf(item)} ${scene.factsOf(item).map(([name, fact]) => `${name} ${fact}`).join(" ")}`
    this.#found = wanted === "" ? [] : scene.items.filter((item) => words(item).toLowerCase().includes(wanted))
    this.#view.found = new Set(this.#found)
    $("found").textContent = wanted === "" ? "" : `${this.#found.length.toLocaleString("en")} found`
    if (go && this.#found.length > 0) this.#nextFound(1)
    this.#view.draw()
  }

  #nextFound(by: 1 | -1) {
    if (this.#found.length === 0) return
    const at = this.#selected === undefined ? -1 : this.#found.indexOf(this.#selected)
    const next = at < 0 ? 0 : (at + by + this.#found.length) % this.#found.length
    this.#go(this.#found[next]!)
    $("found").textContent = `${next + 1} of ${this.#found.length.toLocaleString("en")}`
  }

  #leave() {
    this.#view.hovered = undefined
    this.#tooltip.hide()
    this.#view.draw()
  }

  #hover(x: number, y: number, { clientX, clientY }: PointerEvent) {
    const view = this.#view
    const item = view.itemAt(x, y)
    const lane = view.laneAt(x, y)
    if (item !== view.hovered) {
      view.hovered = item
      view.draw()
    }
    view.canvas.classList.toggle("over", item !== undefined)
    if (item !== undefined) this.#tooltip.show(this.#drawing.scene.titleOf(item), this.#drawing.scene.factsOf(item), clientX, clientY)
    else if (lane !== undefined) this.#tooltip.show(lane.hint, [], clientX, clientY)
    else this.#tooltip.hide()
  }

  #listenToTools() {
    const on = (id: string, does: () => void) => $(id).addEventListener("click", does)
    on("in", () => this.#port.zoom(1.5))
    on("out", () => this.#port.zoom(1 / 1.5))
    on("fit", () => this.#port.fit())
    on("help", () => this.#help())
    on("focus", () => this.#narrow(!this.#isNarrow))
    on("order", () => this.#nextOrder())
    on("time", () => this.#toggleTime())
    const search = $<HTMLInputElement>("search")
    search.addEventListener("input", () => this.#find(search.value, false))
    search.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.#nextFound(event.shiftKey ? -1 : 1)
      else if (event.key === "Escape") this.#view.canvas.focus()
    })
    $("tools").addEventListener("submit", (event) => event.preventDefault())
    $("filter").addEventListener("input", () => this.#listSheets())
  }

  #toggleTime() {
    this.#port.isByTime = !this.#port.isByTime
    $("time").setAttribute("aria-pressed", String(this.#port.isByTime))
  }

  #listenToKeys() {
    const port = this.#port
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => port.pan(80, 0),
      ArrowRight: () => port.pan(-80, 0),
      ArrowUp: () => port.pan(0, 60),
      ArrowDown: () => port.pan(0, -60),
      "+": () => port.zoom(1.5),
      "=": () => port.zoom(1.5),
      "-": () => port.zoom(1 / 1.5),
      "0": () => port.fit(),
      n: () => this.#step(this.#scene.marked, 1),
      p: () => this.#step(this.#scene.marked, -1),
      N: () => this.#stepSheet(1),
      P: () => this.#stepSheet(-1),
      ".": () => this.#step(this.#scene.items, 1),
      ",": () => this.#step(this.#scene.items, -1),
      Enter: () => this.#select(this.#current === this.#selected ? undefined : this.#current),
      " ": () => this.#select(this.#current === this.#selected ? undefined : this.#current),
      Escape: () => this.#select(undefined),
      o: () => this.#nextOrder(),
      c: () => this.#narrow(!this.#isNarrow),
      t: () => this.#toggleTime(),
      "/": () => $("search").focus(),
      "?": () => this.#help()
    }
    addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return
      const target = event.target as HTMLElement
      if (target instanceof HTMLInputElement || target.closest("dialog") !== null) return
      // Buttons have their own Enter and Space, lists their own arrows.
      if (target instanceof HTMLButtonElement && (event.key === "Enter" || event.key === " ")) return
      if (target.closest("nav, aside") !== null && event.key.startsWith("Arrow")) return
      const action = actions[event.key]
      if (action === undefined) return
      event.preventDefault()
      action()
    })
  }

  #help() {
    const dialog = $<HTMLDialogElement>("keys")
    const close = element("button", {}, "Close")
    close.addEventListener("click", () => dialog.close())
    dialog.replaceChildren(
      element("h2", {}, "Keys"),
      element("dl", {}, ...keys.flatMap(([key, does]) => [element("dt", {}, key), element("dd", {}, does)])),
      close
    )
    dialog.showModal()
  }
}

const noteOf = (sheet: Sheet): string => {
  switch (sheet.kind) {
    case "object":
      return sheet.reason || `${sheet.count + sheet.left} operations`
    case "story":
      return `${sheet.steps.length} steps`
    case "course":
      return `${Math.round(sheet.duration / 1000)} s`
  }
}

const reasonOf = (sheet: Sheet): string => {
  if (sheet.kind !== "object") return sheet.reason
  const left = sheet.left === 0 ? "" : ` ${sheet.left.toLocaleString("en")} of its operations are not in this page, for want of room.`
  switch (sheet.verdict) {
    case "illegal":
      return `${sheet.name} is not linearizable: ${sheet.reason}.${left}`
    case "unknown":
      return `${sheet.name} is undecided: ${sheet.reason}.${left}`
    case "ok":
      return `${sheet.name} is linearizable.${left}`
  }
}

read().then((picture) => {
  $("about").textContent = picture.about
  if (picture.sheets.length > 0) new Page(picture)
  else {
    document.body.classList.add("empty")
    $("reason").textContent = "There is nothing to show."
  }
  document.documentElement.dataset["ready"] = "true"
}, (error: unknown) => {
  $("reason").textContent = `This page cannot be shown: ${error}. It needs a browser of 2023 or later.`
})
