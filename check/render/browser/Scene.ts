// What is drawn, whatever it tells: lanes, and on them bars, points and arrows along columns. Columns are the moments at
// which something happens, in their order and equally far apart, so that short and long operations can both be seen.

/** How something stands out. Never by colour alone: each has a sign or a line of its own. */
export type Mark = "core" | "context" | "blocked" | "none"

/** Something that lasts. `item` is what it belongs to. */
export interface Bar {
  readonly item: number
  readonly lane: number
  /** Columns; `to` is infinite where the end isn't known, and the bar is then drawn up to `drawnTo`. */
  readonly from: number
  readonly to: number
  readonly drawnTo: number
  readonly label: string
  /** Names its colours in the style sheet: `--look-read`. */
  readonly look: string
  readonly mark: Mark
}

export interface Point {
  readonly item: number
  readonly lane: number
  readonly at: number
  readonly label: string
  readonly mark: Mark
}

/** From one lane to another. `to` is `undefined` where it does not arrive. */
export interface Arrow {
  readonly item: number
  readonly fromLane: number
  readonly from: number
  readonly toLane: number
  readonly to: number | undefined
  readonly label: string
}

/** Something that holds on all lanes. */
export interface Band {
  readonly group: string
  /** "": something else says what it is. */
  readonly label: string
  readonly from: number
  readonly to: number
}

/** A name and a text, as they are listed. */
export type Fact = readonly [name: string, text: string]

export interface Scene {
  readonly lanes: ReadonlyArray<{ readonly name: string; readonly hint: string }>
  readonly bars: ReadonlyArray<Bar>
  readonly points: ReadonlyArray<Point>
  readonly arrows: ReadonlyArray<Arrow>
  readonly bands: ReadonlyArray<Band>
  readonly columns: number
  /** The time at each column; columns follow it on wish. Empty where there is no time. */
  readonly times: Float64Array
  /** What columns are, and what stands above each. */
  readonly axisName: string
  readonly axis: (column: number) => string
  /** Items in the order in which they begin. */
  readonly items: ReadonlyArray<number>
  /** Items to step through, in their order. */
  readonly marked: ReadonlyArray<number>
  /** What to show first: the first of these sets of items that can be read in one view. */
  readonly first: ReadonlyArray<ReadonlyArray<number>>
  /** Pixels from one lane to the next, and from one column to the next where there is room. */
  readonly laneHeight: number
  readonly columnWidth: number
  readonly titleOf: (item: number) => string
  readonly factsOf: (item: number) => ReadonlyArray<Fact>
}

/** Moments in an order that is being shown: the n-th of them is at `columns[n]` on `lanes[n]`, and is number `first + n`. */
export interface Path {
  readonly items: ReadonlyArray<number>
  readonly numbers: ReadonlyArray<number>
  readonly lanes: ReadonlyArray<number>
  readonly columns: ReadonlyArray<number>
  /** What could come next, and cannot. */
  readonly stuck: ReadonlyArray<number>
}

/** Times in words, exact also above 2^53. */
export const exact = (time: number): string => Number.isSafeInteger(time) || !Number.isInteger(time) ? String(time) : String(BigInt(time))

/** A text of at most `length` characters. */
export const brief = (text: string, length: number): string => {
  const characters = Array.from(text)
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}…`
}

/** A list beside the drawing: facts, or items to go to. */
export interface Section {
  readonly title: string
  readonly note: string
  readonly facts: ReadonlyArray<Fact>
  readonly entries: ReadonlyArray<Entry>
}

export interface Entry {
  /** `undefined`: nothing to go to. */
  readonly item: number | undefined
  readonly sign: string
  readonly text: string
  readonly hint: string
}

/** A sheet, ready to be drawn. */
export interface Drawing {
  readonly scene: Scene
  /** What matters most, drawn alone; `undefined` where that is all. */
  readonly focus: Scene | undefined
  /** How many orders there are to show. */
  readonly orders: number
  /** The orders in which the item occurs. */
  readonly ordersWith: (item: number) => ReadonlyArray<number>
  readonly path: (scene: Scene, order: number) => Path | undefined
  readonly sections: (selected: number | undefined, order: number) => ReadonlyArray<Section>
}
