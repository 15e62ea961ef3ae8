// Which part of a scene is seen, and where on the canvas: from columns and lanes to pixels, and back.
import type { Bar, Scene } from "./Scene.ts"

/** Pixels that lanes' names take on the left, and the axis at the top. */
export const gutter = 96
export const head = 26
/** Room above the first lane, for what stands above its bars. */
const above = 10
export const barHeight = 20
/** Columns before the first one. */
const margin = 0.5
/** Pixels per column at which everything is shown, if it fits; and the most. */
const fitWidth = 90
const mostWidth = 400

export class Viewport {
  /** Called after each change. */
  onChange = () => {}
  #scene: Scene
  #barOf = new Map<number, Bar>()
  /** Pixels of the canvas. */
  width = 0
  height = 0
  /** Pixels per column; what is at the gutter, in columns; pixels of the lanes that are above the top. */
  #scale = 1
  #left = 0
  #top = 0
  #byTime = false
  /** Where columns are, in columns if they were equally far apart. */
  #places = new Float64Array()

  constructor(scene: Scene) {
    this.#scene = scene
    this.scene = scene
  }

  get scene(): Scene {
    return this.#scene
  }

  set scene(scene: Scene) {
    this.#scene = scene
    this.#barOf = new Map(scene.bars.map((bar) => [bar.item, bar]))
    this.#place()
  }

  barOf(item: number): Bar | undefined {
    return this.#barOf.get(item)
  }

  get isByTime(): boolean {
    return this.#byTime
  }

  /** Columns equally far apart, or as far as their times; what is in the middle stays about there. */
  set isByTime(byTime: boolean) {
    const middle = this.columnAt(gutter + this.room / 2)
    this.#byTime = byTime
    this.#place()
    this.#left = this.#placeOf(middle) - this.room / 2 / this.#scale
    this.onChange()
  }

  #place() {
    const { columns, times } = this.#scene
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

  /** Pixels beside the lanes' names. */
  get room(): number {
    return Math.max(1, this.width - gutter)
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

  /** The middle of a lane. */
  yOf(lane: number): number {
    return head + above + (lane + 0.5) * this.#scene.laneHeight - this.#top
  }

  /** The upper edge of a lane's bars. Orders run along it, so that they don't hide what stands on the bars. */
  topOf(lane: number): number {
    return this.yOf(lane) - barHeight / 2
  }

  laneAt(y: number): number {
    return Math.floor((y - head - above + this.#top) / this.#scene.laneHeight)
  }

  /** The columns that are seen. */
  get window(): { readonly from: number; readonly to: number } {
    return { from: this.columnAt(gutter), to: this.columnAt(this.width) }
  }

  /** Columns that are drawn, with room for the ends of what has none. */
  get #extent(): number {
    return this.#scene.columns + 1 + margin
  }

  get #leastScale(): number {
    return Math.min(Math.max(fitWidth, this.#scene.columnWidth), this.room / this.#extent)
  }

  /** Everything, as wide as there is room. */
  fit() {
    this.#scale = this.#leastScale
    this.#left = -margin
    this.#top = 0
    this.onChange()
  }

  /** Some items, with what is around them. */
  fitItems(items: ReadonlyArray<number>) {
    const bars = items.flatMap((item) => this.#barOf.get(item) ?? [])
    // Where everything can be read at once there is nothing to choose.
    if (bars.length === 0 || this.#leastScale >= this.#scene.columnWidth) return this.fit()
    const from = Math.min(...bars.map((bar) => bar.from))
    const to = Math.max(...bars.map((bar) => bar.to === Infinity ? bar.from + 2 : bar.to))
    const [start, end] = [this.#placeOf(from), this.#placeOf(to)]
    const around = Math.max(2, (end - start) * 0.15)
    // As close as it takes to read what stands on them, if there is room for all of them.
    const readable = Math.max(...bars.map((bar) => (bar.label.length * 7.5 + 30) / (bar.drawnTo - bar.from)))
    const most = Math.max(this.#scene.columnWidth, Math.min(2 * fitWidth, readable))
    this.#scale = Math.max(this.#leastScale, Math.min(most, this.room / (end - start + 2 * around)))
    this.#left = (start + end) / 2 - this.room / 2 / this.#scale
    this.#top = (Math.min(...bars.map((bar) => bar.lane)) - 1) * this.#scene.laneHeight
    this.#keepInside()
    this.onChange()
  }

  /** Moves as little as needed to have the item in sight. */
  reveal(item: number) {
    const bar = this.#barOf.get(item)
    if (bar === undefined) return
    const [from, to] = [this.xOf(bar.from), Math.min(this.xOf(bar.drawnTo), this.xOf(bar.from) + this.room / 2)]
    if (from < gutter + 20 || to > this.width - 20) this.#left = this.#placeOf(bar.from) - this.room / 3 / this.#scale
    const y = this.yOf(bar.lane)
    if (y < head + barHeight || y > this.height - barHeight) this.#top += y - this.height / 2
    this.#keepInside()
    this.onChange()
  }

  /** `factor` > 1: closer, with what is at `x` staying there. */
  zoom(factor: number, x = gutter + this.room / 2) {
    const at = Math.max(gutter, x)
    const place = (at - gutter) / this.#scale + this.#left
    const scale = Math.max(this.#leastScale, Math.min(mostWidth, this.#scale * factor))
    this.#left = place - (at - gutter) / scale
    this.#scale = scale
    this.#keepInside()
    this.onChange()
  }

  /** By pixels. */
  pan(dx: number, dy: number) {
    this.#left -= dx / this.#scale
    this.#top -= dy
    this.#keepInside()
    this.onChange()
  }

  /** A column into the middle. */
  centre(column: number) {
    this.#left = this.#placeOf(column) - this.room / 2 / this.#scale
    this.#keepInside()
    this.onChange()
  }

  /** The canvas has another size. */
  resize(width: number, height: number) {
    this.width = width
    this.height = height
    this.#scale = Math.max(this.#scale, this.#leastScale)
    this.#keepInside()
    this.onChange()
  }

  #keepInside() {
    const most = this.#extent - this.room / this.#scale
    this.#left = Math.max(-margin, Math.min(this.#left, most - margin))
    const below = this.#scene.lanes.length * this.#scene.laneHeight - (this.height - head - above)
    this.#top = Math.max(0, Math.min(this.#top, Math.max(0, below)))
  }
}
