// A scene on a canvas: how it is drawn, and what lies under a pointer.
import { brief } from "./Scene.ts"
import type { Bar, Mark, Path, Scene } from "./Scene.ts"
import { arrowHead, coloursOf, cross, diamond, fitted, hatch, outlineOpen } from "./Shapes.ts"
import type { Colours } from "./Shapes.ts"
import { barHeight, gutter, head } from "./Viewport.ts"
import type { Viewport } from "./Viewport.ts"

/** Even what takes no time is so wide. */
const leastWidth = 3
const leastMarked = 6
/** How far a message that doesn't arrive is drawn: beyond what stands above a point. */
const lostLength = 27
const font = "12px ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"
const smallFont = "10px ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"

const signs: Readonly<Record<Mark, string>> = { core: "◆ ", context: "◇ ", blocked: "■ ", none: "" }

export class View {
  path: Path | undefined
  selected: number | undefined
  hovered: number | undefined
  found: ReadonlySet<number> = new Set()
  hiddenGroups: ReadonlySet<string> = new Set()
  /** Called after each drawing. */
  onDraw = () => {}

  readonly canvas: HTMLCanvasElement
  readonly port: Viewport
  readonly #context: CanvasRenderingContext2D
  #isDue = false
  #lanes: Array<Array<Bar>> = []

  constructor(canvas: HTMLCanvasElement, port: Viewport) {
    this.canvas = canvas
    this.port = port
    port.onChange = () => this.draw()
    this.#context = canvas.getContext("2d")!
    new ResizeObserver(() => this.#resize()).observe(canvas)
    this.#resize()
  }

  get scene(): Scene {
    return this.port.scene
  }

  /** Another scene; the part of it that is seen stays as it was. */
  show(scene: Scene, path: Path | undefined) {
    this.port.scene = scene
    this.path = path
    this.#lanes = scene.lanes.map(() => [])
    for (const bar of scene.bars) this.#lanes[bar.lane]!.push(bar)
    this.draw()
  }

  #resize() {
    const { clientHeight, clientWidth } = this.canvas
    this.canvas.width = Math.round(clientWidth * devicePixelRatio)
    this.canvas.height = Math.round(clientHeight * devicePixelRatio)
    this.port.resize(clientWidth, clientHeight)
  }

  /** What is at a place of the canvas: points before bars, and what begins later before what lies below it. */
  itemAt(x: number, y: number): number | undefined {
    if (x < gutter || y < head) return undefined
    const { laneHeight, points } = this.scene
    const lane = this.port.laneAt(y)
    const offset = y - this.port.yOf(lane)
    const isAtPoint = points.length > 0 && Math.abs(offset) < laneHeight / 2
    const point = isAtPoint ? points.findLast((p) => p.lane === lane && Math.abs(this.port.xOf(p.at) - x) < 8) : undefined
    if (point !== undefined) return point.item
    if (Math.abs(offset) > barHeight / 2) return undefined
    return this.#lanes[lane]?.findLast((bar) => {
      const [from, to] = this.#edges(bar)
      return x >= from - 1 && x <= to + 1
    })?.item
  }

  /** The lane whose name is at a place of the canvas. */
  laneAt(x: number, y: number): Scene["lanes"][number] | undefined {
    return x < gutter && y > head ? this.scene.lanes[this.port.laneAt(y)] : undefined
  }

  #edges(bar: Bar): readonly [number, number] {
    const from = this.port.xOf(bar.from)
    return [from, Math.max(from + (bar.mark === "none" ? leastWidth : leastMarked), this.port.xOf(bar.drawnTo))]
  }

  /** Draws, at the next frame. */
  draw() {
    if (this.#isDue) return
    this.#isDue = true
    requestAnimationFrame(() => {
      this.#isDue = false
      this.#drawNow()
      this.onDraw()
    })
  }

  #drawNow() {
    const c = this.#context
    const colour = coloursOf(this.canvas)
    c.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0)
    c.clearRect(0, 0, this.port.width, this.port.height)
    c.textBaseline = "middle"
    c.font = font
    c.lineJoin = "round"
    this.#drawLanes(colour)
    this.#drawAxis(colour)
    c.save()
    c.beginPath()
    c.rect(gutter, head, this.port.width - gutter, this.port.height - head)
    c.clip()
    this.#drawBands(colour)
    for (const bars of this.#lanes) this.#drawLane(bars, colour)
    // What stands out is seen from any distance.
    for (const bar of this.scene.bars) if (this.#standsOut(bar)) this.#drawBar(bar, colour)
    this.#drawArrows(colour)
    this.#drawPoints(colour)
    this.#drawPath(colour)
    c.restore()
  }

  #drawLanes(colour: Colours) {
    const c = this.#context
    const { laneHeight, lanes } = this.scene
    lanes.forEach(({ name }, n) => {
      const y = this.port.yOf(n)
      if (y < head - laneHeight || y > this.port.height + laneHeight) return
      if (n % 2 === 1) {
        c.fillStyle = colour("--stripe")
        c.fillRect(0, Math.max(head, y - laneHeight / 2), this.port.width, laneHeight)
      }
      if (y < head) return
      c.fillStyle = colour("--muted")
      c.fillText(brief(name, 12), 8, y)
    })
    c.fillStyle = colour("--ground")
    c.fillRect(0, 0, this.port.width, head)
    c.fillStyle = colour("--line")
    c.fillRect(gutter - 1, head, 1, this.port.height)
    c.fillRect(0, head - 1, this.port.width, 1)
  }

  #drawAxis(colour: Colours) {
    const c = this.#context
    const { axis, columns } = this.scene
    c.font = smallFont
    c.fillStyle = colour("--muted")
    c.fillText(this.scene.axisName, 8, head / 2)
    c.save()
    c.beginPath()
    c.rect(gutter, 0, this.port.width - gutter, head)
    c.clip()
    let [free, before] = [gutter, ""]
    for (let n = Math.max(0, Math.floor(this.port.columnAt(gutter))); n < columns && free < this.port.width;) {
      const x = this.port.xOf(n)
      const text = axis(n)
      if (x >= free) {
        if (text !== before) c.fillText(text, x + 3, head / 2)
        before = text
        c.fillRect(x, head - 7, 1, 7)
        free = x + c.measureText(text).width + 24
      }
      // The next column that can be beyond this text.
      n = Math.max(n + 1, Math.floor(this.port.columnAt(free)))
    }
    c.restore()
    c.font = font
  }

  #drawBands(colour: Colours) {
    const c = this.#context
    for (const band of this.scene.bands) {
      if (this.hiddenGroups.has(band.group)) continue
      const from = this.port.xOf(band.from)
      const to = band.to === Infinity ? this.port.width : Math.max(from + leastWidth, this.port.xOf(band.to))
      if (to < gutter || from > this.port.width) continue
      c.fillStyle = colour("--band")
      c.fillRect(from, head, to - from, this.port.height)
      hatch(c, from, head, Math.min(to, this.port.width), this.port.height, colour("--band-line"))
      c.fillStyle = colour("--band-text")
      c.fillRect(from, head, 1, this.port.height)
      if (band.to !== Infinity) c.fillRect(to - 1, head, 1, this.port.height)
      if (band.label === "") continue
      c.font = smallFont
      c.fillText(`${band.group}: ${band.label}`, Math.max(gutter, from) + 4, this.port.height - 10)
      c.font = font
    }
  }

  #standsOut({ item, mark }: Bar): boolean {
    return mark !== "none" || item === this.selected || item === this.hovered || this.found.has(item)
  }

  /** All bars of a lane that do not stand out. From far away many lie on the same pixels: one of those is enough. */
  #drawLane(bars: ReadonlyArray<Bar>, colour: Colours) {
    let until = gutter
    for (const bar of bars) {
      const [from, to] = this.#edges(bar)
      if (from > this.port.width) return
      if (to <= until || this.#standsOut(bar)) continue
      this.#drawBar(bar, colour)
      until = Math.floor(to)
    }
  }

  #drawBar(bar: Bar, colour: Colours) {
    const [from, to] = this.#edges(bar)
    const middle = this.port.yOf(bar.lane)
    if (to < gutter || from > this.port.width || middle < head - barHeight || middle > this.port.height + barHeight) return
    const c = this.#context
    const width = to - from
    const y = middle - barHeight / 2
    const isOpen = bar.to === Infinity
    const isSmall = width < 6
    c.beginPath()
    if (isOpen && !isSmall) outlineOpen(c, from, y, width, barHeight)
    else if (isSmall) c.rect(from, y, width, barHeight)
    else c.roundRect(from, y, width, barHeight, 3)
    c.fillStyle = colour(`--look-${bar.look}`)
    c.globalAlpha = bar.look === "failed" ? 0.35 : 1
    c.fill()
    c.globalAlpha = 1
    const isFound = this.found.has(bar.item)
    const isChosen = bar.item === this.selected || bar.item === this.hovered
    if (!isSmall || bar.mark !== "none" || isFound || isChosen) {
      c.strokeStyle = colour(bar.mark === "none" ? `--edge-${bar.look}` : `--mark-${bar.mark}`)
      c.lineWidth = bar.mark === "none" ? 1 : 2.5
      if (bar.look === "failed") c.setLineDash([2, 2])
      if (bar.mark === "context") c.setLineDash([6, 3])
      c.stroke()
      c.setLineDash([])
    }
    if (isFound) {
      c.fillStyle = colour("--found")
      c.fillRect(from, y + barHeight + 1, width, 3)
    }
    if (isChosen) {
      c.strokeStyle = colour(bar.item === this.selected ? "--selected" : "--text")
      c.lineWidth = bar.item === this.selected ? 2.5 : 1
      c.strokeRect(from - 3, y - 3, width + 6, barHeight + 6)
    }
    const left = Math.max(from, gutter)
    // A point may lie where the bar begins.
    const indent = this.scene.points.length > 0 ? 10 : 4
    const text = fitted(c, signs[bar.mark] + bar.label, Math.min(to, this.port.width) - left - indent - (isOpen ? 12 : 4))
    if (text !== "") {
      c.fillStyle = colour("--text")
      c.fillText(text, left + indent, middle + 0.5)
      if (bar.look === "failed") c.fillRect(left + indent, middle, c.measureText(text).width, 1)
    }
  }

  #drawArrows(colour: Colours) {
    const c = this.#context
    for (const arrow of this.scene.arrows) {
      const [x, y] = [this.port.xOf(arrow.from), this.port.yOf(arrow.fromLane)]
      const isLost = arrow.to === undefined
      // What doesn't arrive goes a part of the way.
      const far = { x: isLost ? x + Math.min(24, this.port.scale * 0.4) : this.port.xOf(arrow.to!), y: this.port.yOf(arrow.toLane) }
      const sign = Math.sign(far.y - y)
      const start = y + sign * barHeight / 2
      const end = isLost ? y + sign * (barHeight / 2 + lostLength) : far.y - sign * (barHeight / 2 + 1)
      const isChosen = arrow.item === this.selected || arrow.item === this.hovered
      c.strokeStyle = colour(isChosen ? "--selected" : isLost ? "--muted" : "--arrow")
      c.fillStyle = c.strokeStyle
      c.lineWidth = isChosen ? 2.5 : 1.25
      c.setLineDash(isLost ? [2, 3] : [])
      c.beginPath()
      c.moveTo(x, start)
      c.lineTo(far.x, end)
      c.stroke()
      c.setLineDash([])
      if (isLost) cross(c, far.x, end, 3)
      else arrowHead(c, x, start, far.x, end)
    }
  }

  #drawPoints(colour: Colours) {
    const c = this.#context
    const next = new Map<number, number>()
    for (const point of this.scene.points.toReversed()) {
      const x = this.port.xOf(point.at)
      const y = this.port.yOf(point.lane)
      const room = (next.get(point.lane) ?? Infinity) - x
      next.set(point.lane, x)
      if (x < gutter - 400 || x > this.port.width + 20) continue
      const isChosen = point.item === this.selected || point.item === this.hovered
      c.fillStyle = colour(point.mark === "core" ? "--mark-core" : isChosen ? "--selected" : "--text")
      c.beginPath()
      if (point.mark === "core") diamond(c, x, y, 8)
      else c.arc(x, y, isChosen ? 6 : 4.5, 0, 2 * Math.PI)
      c.fill()
      const text = fitted(c, point.label, room - 10)
      c.fillStyle = colour("--ground")
      const { width } = c.measureText(text)
      c.globalAlpha = 0.8
      c.fillRect(x, y - barHeight / 2 - 20, width + 4, 16)
      c.globalAlpha = 1
      c.fillStyle = colour(isChosen ? "--selected" : "--text")
      c.fillText(text, x + 2, y - barHeight / 2 - 12)
    }
  }

  #drawPath(colour: Colours) {
    const { path } = this
    if (path === undefined) return
    const c = this.#context
    const { columns, items, lanes, numbers, stuck } = path
    const { from, to } = this.port.window
    // One more on each side, so that lines come from somewhere.
    const start = Math.max(0, firstAtLeast(columns, from) - 1)
    const end = Math.min(columns.length, firstAtLeast(columns, to) + 2)
    // From far away an order would only cover everything.
    if (end - start > this.port.room / 3) return
    c.strokeStyle = colour("--path")
    c.lineWidth = 1.5
    c.beginPath()
    for (let n = start; n < end; n++) c.lineTo(this.port.xOf(columns[n]!), this.port.topOf(lanes[n]!))
    c.stroke()
    this.#drawStuck(stuck, colour)
    c.font = smallFont
    const free = new Map<number, number>()
    for (let n = start; n < end; n++) {
      const [x, y] = [this.port.xOf(columns[n]!), this.port.topOf(lanes[n]!)]
      const isChosen = items[n] === this.selected || items[n] === this.hovered
      // Too close to be told apart, points would only hide the bars.
      if (this.port.scale > 2 || isChosen) {
        c.fillStyle = colour("--path")
        c.beginPath()
        c.arc(x, y, isChosen ? 5 : 3, 0, 2 * Math.PI)
        c.fill()
      }
      const text = String(numbers[n]!)
      const { width } = c.measureText(text)
      if (isChosen || x - width / 2 > (free.get(lanes[n]!) ?? -Infinity)) {
        c.fillStyle = colour("--path")
        c.fillRect(x - width / 2 - 2, y - 13, width + 4, 11)
        c.fillStyle = colour("--ground")
        c.fillText(text, x - width / 2, y - 7)
        free.set(lanes[n]!, x + width / 2 + 4)
      }
    }
    c.font = font
  }

  /** Crosses at what cannot come next, with a line to the first of them: that with whose return there was no order any more. */
  #drawStuck(stuck: ReadonlyArray<number>, colour: Colours) {
    const c = this.#context
    const { columns, lanes } = this.path!
    const last = columns.length - 1
    for (const [n, item] of stuck.entries()) {
      const bar = this.port.barOf(item)!
      const [left, right] = this.#edges(bar)
      const y = this.port.topOf(bar.lane)
      const from = last < 0 ? { x: left, y } : { x: this.port.xOf(columns[last]!), y: this.port.topOf(lanes[last]!) }
      const x = Math.max(left + 2, Math.min(from.x + 14, right - 2))
      c.strokeStyle = colour("--mark-core")
      c.lineWidth = 1.5
      if (n === 0) {
        c.setLineDash([3, 3])
        c.beginPath()
        c.moveTo(from.x, from.y)
        c.lineTo(x, y)
        c.stroke()
        c.setLineDash([])
      }
      cross(c, x, y, 5)
    }
  }
}

/** The first position in an ascending list of at least `value`. */
const firstAtLeast = (ascending: ReadonlyArray<number>, value: number): number => {
  let [low, high] = [0, ascending.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (ascending[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
