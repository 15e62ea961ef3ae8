/** Line charts as SVG: panels beside each other, and one legend for all. */

export interface Axis {
  readonly title: string
  /** The first and the last tick are where the axis begins and ends. */
  readonly ticks: ReadonlyArray<number>
  readonly scale: "linear" | "logarithmic"
}

export interface Curve {
  /** Curves of one name have one entry in the legend. */
  readonly name: string
  readonly points: ReadonlyArray<readonly [x: number, y: number]>
  readonly colour: string
  /** A mark at each point, where points are few. */
  readonly marked?: boolean
}

export interface Panel {
  readonly title: string
  readonly across: Axis
  readonly up: Axis
  readonly curves: ReadonlyArray<Curve>
}

/** Of the first curve, the second and the third; where ours is compared with another, it is the first. */
export const colours = ["#2166ac", "#b2182b", "#4d9221"] as const

const inner = { width: 320, height: 240 }
const margin = { left: 76, right: 24, top: 44, bottom: 60 }
const outer = { width: margin.left + inner.width + margin.right, height: margin.top + inner.height + margin.bottom }

/** Where a value is between the ends of its axis, from 0 to 1; what is beyond them is at the end. */
const along = ({ scale, ticks }: Axis, value: number): number => {
  const measure = scale === "linear" ? (v: number) => v : Math.log
  const [first, last] = [measure(ticks[0]!), measure(ticks.at(-1)!)]
  return Math.min(1, Math.max(0, (measure(value) - first) / (last - first)))
}

/** Round numbers from 0 to beyond `most`. */
export const ticksTo = (most: number): ReadonlyArray<number> => {
  const power = 10 ** Math.floor(Math.log10(most / 4))
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n * 5 >= most)!
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, n) => n * step)
}

/** Powers of ten, and 2 and 5 times them, that enclose all values. */
export const ticksAround = (values: ReadonlyArray<number>): ReadonlyArray<number> => {
  const all = Array.from({ length: 8 }, (_, n) => 10 ** (n - 2)).flatMap((power) => [power, 2 * power, 5 * power])
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const first = all.findLastIndex((tick) => tick <= least)
  return all.slice(Math.max(first, 0), all.findIndex((tick) => tick > most) + 1)
}

const text = (x: number, y: number, anchor: "start" | "middle" | "end", content: string, more = ""): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}"${more}>${content}</text>`

const panel = ({ across, curves, title, up }: Panel, left: number): ReadonlyArray<string> => {
  const x = (value: number) => left + margin.left + inner.width * along(across, value)
  const y = (value: number) => margin.top + inner.height * (1 - along(up, value))
  const middle = margin.top + inner.height / 2
  return [
    text(left + margin.left + inner.width / 2, margin.top - 14, "middle", title, ` font-weight="bold"`),
    ...up.ticks.map((tick) =>
      `<path d="M${left + margin.left} ${y(tick).toFixed(1)}h${inner.width}" stroke="#ddd"/>`
      + text(left + margin.left - 8, y(tick) + 4, "end", tick.toLocaleString("en"))
    ),
    ...across.ticks.map((tick) =>
      `<path d="M${x(tick).toFixed(1)} ${margin.top}v${inner.height}" stroke="#eee"/>`
      + text(x(tick), margin.top + inner.height + 18, "middle", tick.toLocaleString("en"))
    ),
    text(left + margin.left + inner.width / 2, margin.top + inner.height + 40, "middle", across.title),
    text(left + 16, middle, "middle", up.title, ` transform="rotate(-90 ${left + 16} ${middle})"`),
    ...curves.map(({ colour, points }) =>
      `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${
        points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ")
      }"/>`
    ),
    ...curves.filter(({ marked }) => marked).flatMap(({ colour, points }) =>
      points.map(([a, b]) => `<circle cx="${x(a).toFixed(1)}" cy="${y(b).toFixed(1)}" r="3.5" fill="${colour}"/>`)
    )
  ]
}

/** `title` is for those who can't see the picture. */
export const chart = (title: string, panels: ReadonlyArray<Panel>): string => {
  const legend = [...new Map(panels.flatMap(({ curves }) => curves).map((curve) => [curve.name, curve])).values()]
  const width = panels.length * outer.width
  const height = outer.height + 30
  const entry = Math.min(170, (width - margin.left) / legend.length)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}"`
    + ` font-family="sans-serif" font-size="13" fill="#222">`,
    `<title>${title}</title>`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    ...panels.flatMap((one, n) => panel(one, n * outer.width)),
    ...legend.flatMap(({ colour, name }, n) => {
      const left = margin.left + n * entry
      return [
        `<path d="M${left.toFixed(1)} ${outer.height + 8}h28" stroke="${colour}" stroke-width="3"/>`,
        text(left + 36, outer.height + 12, "start", name)
      ]
    }),
    "</svg>",
    ""
  ].join("\n")
}
