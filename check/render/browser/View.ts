// A scene on a canvas: which part of it is seen, how it is drawn, and what lies under a pointer.
import { brief } from "./Scene.ts"
import type { Bar, Mark, Path, Scene } from "./Scene.ts"

/** Pixels that lanes' names take on the left, and the axis at the top. */
const gutter = 96
const head = 26
/** Room above the first lane, for what stands above its bars. */
const above = 10
const barHeight = 20
/** Even what takes no time is so wide. */
const leastWidth = 3
const leastMarked = 6
const mostWidth = 400
/** How far a message that doesn't arrive is drawn: beyond what stands above a point. */
const lostLength = 27
/** Columns before the first one. */
const margin = 0.5
/** Pixels per column at which everything is shown, if it fits. */
const fitWidth = 90
const font = "12px ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"
const smallFont = "10px ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"

const signs: Readonly<Record<Mark, string>> = { core: "◆ ", context: "◇ ", blocked: "■ ", none: "" }

export class View {
  scene: Scene
  path: Path | undefined
  selected: number | undefined
  hovered: number | undefined
  found: ReadonlySet<number> = new Set()
  hiddenGroups: ReadonlySet<string> = new Set()
  /** Called after each drawing. */
  onDraw = () => {}

  readonly canvas: HTMLCanvasElement
  readonly #context: CanvasRenderingContext2D
  /** Pixels per column; the column at the gutter; pixels of the lanes that are above the top. */
  #scale = 1
  #left = 0
  #top = 0
  #width = 0
  #height = 0
  #byTime = false
  #isDue = false
  /** Where columns are, in columns if they were equally far apart. */
  #places = new Float64Array()
  #lanes: Array<Array<Bar>> = []
  #barOf = new Map<number, Bar>()

  constructor(canvas: HTMLCanvasElement, scene: Scene) {
    this.canvas = canvas
    this.#context = canvas.getContext("2d")!
    this.scene = scene
    this.show(scene, undefined)
    new ResizeObserver(() => this.#resize()).observe(canvas)
    this.#resize()
  }

  /** Another scene, from its beginning on. */
  show(scene: Scene, path: Path | undefined) {
    this.scene = scene
    this.path = path
    this.#lanes = scene.lanes.map(() => [])
    for (const bar of scene.bars) this.#lanes[bar.lane]!.push(bar)
    this.#barOf = new Map(scene.bars.map((bar) => [bar.item, bar]))
    this.#place()
    this.draw()
  }

  get isByTime(): boolean {
    return this.#byTime
  }

  /** Columns equally far apart, or as far as their times; what is in the middle stays about there. */
  set isByTime(byTime: boolean) {
    const middle = this.columnAt(gutter + this.#room / 2)
    this.#byTime = byTime
    this.#place()
    this.#left = this.#placeOf(middle) - this.#room / 2 / this.#scale
    this.draw()
  }

  #place() {
    const { columns, times } = this.scene
    this.#places = Float64Array.from({ length: columns }, (_, n) => n)
    const span = times.length === 0 ? 0 : times[times.length - 1]! - times[0]!
    if (this.#byTime && span > 0) times.forEach((time, n) => this.#places[n] = (time - times[0]!) / span * (columns - 1))
  }

  /** Where a column is; between columns in proportion. */
  #placeOf(column: number): number {
    const { length } = this.#places
    if (column >= length - 1) return column
    if (column < 0) return column
    const n = Math.floor(column)
    return this.#places[n]! + (column - n) * (this.#places[n + 1]! - this.#places[n]!)
  }

  get #room(): number {
    return Math.max(1, this.#width - gutter)
  }

  get scale(): number {
    return this.#scale
  }

  xOf(column: number): number {
    return gutter + (this.#placeOf(column) - this.#left) * this.#scale
  }

  /** The column at `x`. */
  columnAt(x: number): number {
    const place = (x - gutter) / this.#scale + this.#left
    let [low, high] = [0, this.#places.length - 1]
    if (place <= 0 || place >= high) return place
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (this.#places[middle]! <= place) low = middle
      else high = middle
    }
    const width = this.#places[high]! - this.#places[low]!
    return low + (width === 0 ? 0 : (place - this.#places[low]!) / width)
  }

  #yOf(lane: number): number {
    return head + above + (lane + 0.5) * this.scene.laneHeight - this.#top
  }

  /** The upper edge of a lane's bars. Orders run along it, so that they don't hide what stands on the bars. */
  #topOf(lane: number): number {
    return this.#yOf(lane) - barHeight / 2
  }

  /** The part that is seen: columns and lanes. */
  get window(): { readonly from: number; readonly to: number } {
    return { from: this.columnAt(gutter), to: this.columnAt(this.#width) }
  }

  /** Columns that are drawn, with room for the ends of what has none. */
  get #extent(): number {
    return this.scene.columns + 1 + margin
  }

  get #leastScale(): number {
    return Math.min(Math.max(fitWidth, this.scene.columnWidth), this.#room / this.#extent)
  }

  /** Everything, as wide as there is room. */
  fit() {
    this.#scale = this.#leastScale
    this.#left = -margin
    this.#top = 0
    this.draw()
  }

  /** Some items, with what is around them. */
  fitItems(items: ReadonlyArray<number>) {
    const bars = items.flatMap((item) => this.#barOf.get(item) ?? [])
    // Where everything can be read at once there is nothing to choose.
    if (bars.length === 0 || this.#leastScale >= this.scene.columnWidth) return this.fit()
    const from = Math.min(...bars.map((bar) => bar.from))
    const to = Math.max(...bars.map((bar) => bar.to === Infinity ? bar.from + 2 : bar.to))
    const [start, end] = [this.#placeOf(from), this.#placeOf(to)]
    const around = Math.max(2, (end - start) * 0.15)
    // As close as it takes to read what stands on them, if there is room for all of them.
    const readable = Math.max(...bars.map((bar) => (bar.label.length * 7.5 + 30) / (bar.drawnTo - bar.from)))
    const most = Math.max(this.scene.columnWidth, Math.min(2 * fitWidth, readable))
    this.#scale = Math.max(this.#leastScale, Math.min(most, this.#room / (end - start + 2 * around)))
    this.#left = (start + end) / 2 - this.#room / 2 / this.#scale
    this.#top = (Math.min(...bars.map((bar) => bar.lane)) - 1) * this.scene.laneHeight
    this.#keepInside()
    this.draw()
  }

  /** Moves as little as needed to have the item in sight. */
  reveal(item: number) {
    const bar = this.#barOf.get(item)
    if (bar === undefined) return
    const [from, to] = [this.xOf(bar.from), Math.min(this.xOf(bar.drawnTo), this.xOf(bar.from) + this.#room / 2)]
    if (from < gutter + 20 || to > this.#width - 20) this.#left = this.#placeOf(bar.from) - this.#room / 3 / this.#scale
    const y = this.#yOf(bar.lane)
    if (y < head + barHeight || y > this.#height - barHeight) this.#top += y - this.#height / 2
    this.#keepInside()
    this.draw()
  }

  /** `factor` > 1: closer, with what is at `x` staying there. */
  zoom(factor: number, x = gutter + this.#room / 2) {
    const at = Math.max(gutter, x)
    const place = (at - gutter) / this.#scale + this.#left
    const scale = Math.max(this.#leastScale, Math.min(mostWidth, this.#scale * factor))
    this.#left = place - (at - gutter) / scale
    this.#scale = scale
    this.#keepInside()
    this.draw()
  }

  /** By pixels. */
  pan(dx: number, dy: number) {
    this.#left -= dx / this.#scale
    this.#top -= dy
    this.#keepInside()
    this.draw()
  }

  /** A column into the middle. */
  centre(column: number) {
    this.#left = this.#placeOf(column) - this.#room / 2 / this.#scale
    this.#keepInside()
    this.draw()
  }

  #keepInside() {
    const most = this.#extent - this.#room / this.#scale
    this.#left = Math.max(-margin, Math.min(this.#left, most - margin))
    const below = this.scene.lanes.length * this.scene.laneHeight - (this.#height - head - above)
    this.#top = Math.max(0, Math.min(this.#top, Math.max(0, below)))
  }

  #resize() {
    const { clientHeight, clientWidth } = this.canvas
    this.#width = clientWidth
    this.#height = clientHeight
    this.canvas.width = Math.round(clientWidth * devicePixelRatio)
    this.canvas.height = Math.round(clientHeight * devicePixelRatio)
    this.#scale = Math.max(this.#scale, this.#leastScale)
    this.#keepInside()
    this.draw()
  }

  /** What is at a place of the canvas: points before bars, and what begins later before what lies below it. */
  itemAt(x: number, y: number): number | undefined {
    if (x < gutter || y < head) return undefined
    const { laneHeight, points } = this.scene
    const lane = Math.floor((y - head - above + this.#top) / laneHeight)
    const offset = y - this.#yOf(lane)
    const isAtPoint = points.length > 0 && Math.abs(offset) < laneHeight / 2
    const point = isAtPoint ? points.findLast((p) => p.lane === lane && Math.abs(this.xOf(p.at) - x) < 8) : undefined
    if (point !== undefined) return point.item
    if (Math.abs(offset) > barHeight / 2) return undefined
    return this.#lanes[lane]?.findLast((bar) => {
      const [from, to] = this.#edges(bar)
      return x >= from - 1 && x <= to + 1
    })?.item
  }

  /** The lane whose name is at a place of the canvas. */
  laneAt(x: number, y: number): Scene["lanes"][number] | undefined {
    return x < gutter && y > head ? this.scene.lanes[Math.floor((y - head - above + this.#top) / this.scene.laneHeight)] : undefined
  }

  #edges(bar: Bar): readonly [number, number] {
    const from = this.xOf(bar.from)
    return [from, Math.max(from + (bar.mark === "none" ? leastWidth : leastMarked), this.xOf(bar.drawnTo))]
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
    c.clearRect(0, 0, this.#width, this.#height)
    c.textBaseline = "middle"
    c.font = font
    c.lineJoin = "round"
    this.#drawLanes(colour)
    this.#drawAxis(colour)
    c.save()
    c.beginPath()
    c.rect(gutter, head, this.#width - gutter, this.#height - head)
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
      const y = this.#yOf(n)
      if (y < head - laneHeight || y > this.#height + laneHeight) return
      if (n % 2 === 1) {
        c.fillStyle = colour("--stripe")
        c.fillRect(0, Math.max(head, y - laneHeight / 2), this.#width, laneHeight)
      }
      if (y < head) return
      c.fillStyle = colour("--muted")
      c.fillText(brief(name, 12), 8, y)
    })
    c.fillStyle = colour("--ground")
    c.fillRect(0, 0, this.#width, head)
    c.fillStyle = colour("--line")
    c.fillRect(gutter - 1, head, 1, this.#height)
    c.fillRect(0, head - 1, this.#width, 1)
  }

  #drawAxis(colour: Colours) {
    const c = this.#context
    const { axis, columns } = this.scene
    c.font = smallFont
    c.fillStyle = colour("--muted")
    c.fillText(this.scene.axisName, 8, head / 2)
    c.save()
    c.beginPath()
    c.rect(gutter, 0, this.#width - gutter, head)
    c.clip()
    let [free, before] = [gutter, ""]
    for (let n = Math.max(0, Math.floor(this.columnAt(gutter))); n < columns && free < this.#width;) {
      const x = this.xOf(n)
      const text = axis(n)
      if (x >= free) {
        if (text !== before) c.fillText(text, x + 3, head / 2)
        before = text
        c.fillRect(x, head - 7, 1, 7)
        free = x + c.measureText(text).width + 24
      }
      // The next column that can be beyond this text.
      n = Math.max(n + 1, Math.floor(this.columnAt(free)))
    }
    c.restore()
    c.font = font
  }

  #drawBands(colour: Colours) {
    const c = this.#context
    for (const band of this.scene.bands) {
      if (this.hiddenGroups.has(band.group)) continue
      const from = this.xOf(band.from)
      const to = band.to === Infinity ? this.#width : Math.max(from + leastWidth, this.xOf(band.to))
      if (to < gutter || from > this.#width) continue
      c.fillStyle = colour("--band")
      c.fillRect(from, head, to - from, this.#height)
      hatch(c, from, head, Math.min(to, this.#width), this.#height, colour("--band-line"))
      c.fillStyle = colour("--band-text")
      c.fillRect(from, head, 1, this.#height)
      if (band.to !== Infinity) c.fillRect(to - 1, head, 1, this.#height)
      c.font = smallFont
      c.fillText(`${band.group}: ${band.label}`, Math.max(gutter, from) + 4, this.#height - 10)
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
      if (from > this.#width) return
      if (to <= until || this.#standsOut(bar)) continue
      this.#drawBar(bar, colour)
      until = Math.floor(to)
    }
  }

  #drawBar(bar: Bar, colour: Colours) {
    const [from, to] = this.#edges(bar)
    const middle = this.#yOf(bar.lane)
    if (to < gutter || from > this.#width || middle < head - barHeight || middle > this.#height + barHeight) return
    const c = this.#context
    const width = to - from
    const y = middle - barHeight / 2
    const isOpen = bar.to === Infinity
    const isSmall = width < 6
    c.beginPath()
    if (isOpen && !isSmall) outlineOpen(c, from, y, width)
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
    const text = fitted(c, signs[bar.mark] + bar.label, Math.min(to, this.#width) - left - indent - (isOpen ? 12 : 4))
    if (text !== "") {
      c.fillStyle = colour("--text")
      c.fillText(text, left + indent, middle + 0.5)
      if (bar.look === "failed") c.fillRect(left + indent, middle, c.measureText(text).width, 1)
    }
  }

  #drawArrows(colour: Colours) {
    const c = this.#context
    for (const arrow of this.scene.arrows) {
      const [x, y] = [this.xOf(arrow.from), this.#yOf(arrow.fromLane)]
      const isLost = arrow.to === undefined
      // What doesn't arrive goes a part of the way.
      const far = { x: isLost ? x + Math.min(24, this.#scale * 0.4) : this.xOf(arrow.to!), y: this.#yOf(arrow.toLane) }
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
      const x = this.xOf(point.at)
      const y = this.#yOf(point.lane)
      const room = (next.get(point.lane) ?? Infinity) - x
      next.set(point.lane, x)
      if (x < gutter - 400 || x > this.#width + 20) continue
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
    const { from, to } = this.window
    // One more on each side, so that lines come from somewhere.
    const start = Math.max(0, firstAtLeast(columns, from) - 1)
    const end = Math.min(columns.length, firstAtLeast(columns, to) + 2)
    // From far away an order would only cover everything.
    if (end - start > this.#room / 3) return
    c.strokeStyle = colour("--path")
    c.lineWidth = 1.5
    c.beginPath()
    for (let n = start; n < end; n++) c.lineTo(this.xOf(columns[n]!), this.#topOf(lanes[n]!))
    c.stroke()
    this.#drawStuck(stuck, colour)
    c.font = smallFont
    const free = new Map<number, number>()
    for (let n = start; n < end; n++) {
      const [x, y] = [this.xOf(columns[n]!), this.#topOf(lanes[n]!)]
      const isChosen = items[n] === this.selected || items[n] === this.hovered
      // Too close to be told apart, points would only hide the bars.
      if (this.#scale > 2 || isChosen) {
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

  /** From the last moment of the order to what cannot come next. */
  #drawStuck(stuck: ReadonlyArray<number>, colour: Colours) {
    const c = this.#context
    const { columns, lanes } = this.path!
    const last = columns.length - 1
    for (const item of stuck) {
      const bar = this.#barOf.get(item)!
      const [left, right] = this.#edges(bar)
      const y = this.#topOf(bar.lane)
      const from = last < 0 ? { x: left, y } : { x: this.xOf(columns[last]!), y: this.#topOf(lanes[last]!) }
      const x = Math.max(left + 2, Math.min(from.x + 14, right - 2))
      c.strokeStyle = colour("--mark-core")
      c.lineWidth = 1.5
      c.setLineDash([3, 3])
      c.beginPath()
      c.moveTo(from.x, from.y)
      c.lineTo(x, y)
      c.stroke()
      c.setLineDash([])
      cross(c, x, y, 5)
    }
  }
}

type Colours = (name: string) => string

/** The style sheet's colours, for the scheme that is set. */
export const coloursOf = (element: Element): Colours => {
  const style = getComputedStyle(element)
  const known = new Map<string, string>()
  return (name) => {
    const found = known.get(name)
    if (found !== undefined) return found
    const value = style.getPropertyValue(name).trim()
    known.set(name, value)
    return value
  }
}

/** As much of the text as fits. */
const fitted = (c: CanvasRenderingContext2D, text: string, width: number): string => {
  if (width < 8) return ""
  let length = Math.floor(width / 6) + 1
  let cut = brief(text, length)
  while (length > 1 && c.measureText(cut).width > width) cut = brief(text, --length)
  return length > 1 ? cut : ""
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

/** A bar that is torn off at its right end: nobody knows where it ends. */
const outlineOpen = (c: CanvasRenderingContext2D, x: number, y: number, width: number) => {
  const right = x + width
  const tooth = barHeight / 4
  c.moveTo(right - tooth, y)
  c.lineTo(x, y)
  c.lineTo(x, y + barHeight)
  c.lineTo(right - tooth, y + barHeight)
  for (let n = 3; n >= 0; n--) c.lineTo(n % 2 === 1 ? right : right - tooth, y + n * tooth)
}

const hatch = (c: CanvasRenderingContext2D, left: number, top: number, right: number, bottom: number, colour: string) => {
  c.save()
  c.beginPath()
  c.rect(left, top, right - left, bottom - top)
  c.clip()
  c.strokeStyle = colour
  c.lineWidth = 1
  c.beginPath()
  const height = bottom - top
  for (let x = Math.max(left, 0) - height - (Math.max(left, 0) - height) % 12; x < right; x += 12) {
    c.moveTo(x, bottom)
    c.lineTo(x + height, top)
  }
  c.stroke()
  c.restore()
}

const cross = (c: CanvasRenderingContext2D, x: number, y: number, size: number) => {
  c.beginPath()
  c.moveTo(x - size, y - size)
  c.lineTo(x + size, y + size)
  c.moveTo(x - size, y + size)
  c.lineTo(x + size, y - size)
  c.stroke()
}

const diamond = (c: CanvasRenderingContext2D, x: number, y: number, size: number) => {
  c.moveTo(x - size, y)
  c.lineTo(x, y - size)
  c.lineTo(x + size, y)
  c.lineTo(x, y + size)
  c.closePath()
}

const arrowHead = (c: CanvasRenderingContext2D, fromX: number, fromY: number, x: number, y: number) => {
  const angle = Math.atan2(y - fromY, x - fromX)
  c.beginPath()
  c.moveTo(x, y)
  c.lineTo(x - 9 * Math.cos(angle - 0.4), y - 9 * Math.sin(angle - 0.4))
  c.lineTo(x - 9 * Math.cos(angle + 0.4), y - 9 * Math.sin(angle + 0.4))
  c.closePath()
  c.fill()
}
