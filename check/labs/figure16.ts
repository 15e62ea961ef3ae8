/** Figure 16 of the paper as a picture, of our own trials. `node check/labs/figure16.ts` writes it. */
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { figure16, figure16Timeouts } from "./statistics.ts"

const width = 760
const height = 420
const plot = { left: 64, right: 150, top: 20, bottom: 56 }
const innerWidth = width - plot.left - plot.right
const innerHeight = height - plot.top - plot.bottom

/** Milliseconds, of the horizontal axis; its scale is logarithmic, as the paper's. */
const earliest = 50
const latest = 20_000
const x = (time: number): number =>
  plot.left + innerWidth * Math.log(Math.min(Math.max(time, earliest), latest) / earliest) / Math.log(latest / earliest)
const y = (part: number): number => plot.top + innerHeight * (1 - part)

const colours = ["#b2182b", "#e08214", "#8c6d1f", "#4d9221", "#2166ac", "#762a83"]

/** Up by one trial at the time it was over. */
const curve = (times: ReadonlyArray<number>, colour: string): string => {
  const points = times.filter((time) => time < latest).map((time, n) => [x(time), y((n + 1) / times.length)])
  const path = [[x(earliest), y(0)], [points[0]?.[0] ?? x(latest), y(0)], ...points, [x(latest), y(points.length / times.length)]]
  return `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${
    path.map(([a, b]) => `${a!.toFixed(1)},${b!.toFixed(1)}`).join(" ")
  }"/>`
}

const text = (at: readonly [number, number], anchor: "start" | "middle" | "end", content: string, more = ""): string =>
  `<text x="${at[0]}" y="${at[1]}" text-anchor="${anchor}"${more}>${content}</text>`

/** The whole picture; with 1,000 trials a curve it looks like the paper's. */
export const figure16Svg = (trials: number, seed: number): string => {
  const across = [0, 0.25, 0.5, 0.75, 1]
  const down = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13" fill="#222">`,
    `<title>Time without a leader, by the range of election timeouts</title>`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    ...across.map((part) => `<path d="M${plot.left} ${y(part)}h${innerWidth}" stroke="#ddd"/>` + text([plot.left - 8, y(part) + 4], "end", `${100 * part} %`)),
    ...down.map((time) =>
      `<path d="M${x(time).toFixed(1)} ${plot.top}v${innerHeight}" stroke="#eee"/>`
      + text([Math.round(x(time)), height - plot.bottom + 18], "middle", time.toLocaleString("en"))
    ),
    text([plot.left + innerWidth / 2, height - 12], "middle", "time without a leader, in ms"),
    text([16, plot.top + innerHeight / 2], "middle", "elections over", ` transform="rotate(-90 16 ${plot.top + innerHeight / 2})"`),
    ...figure16Timeouts.flatMap((max, n) => {
      const { downtimes } = figure16(max, max === 150 ? 20 : trials, seed)
      const at = plot.top + 20 + 22 * n
      const legend = `<path d="M${width - plot.right + 16} ${at - 4}h24" stroke="${colours[n]}" stroke-width="3"/>`
      return [curve(downtimes, colours[n]!), legend + text([width - plot.right + 46, at], "start", `150–${max} ms`)]
    }),
    "</svg>",
    ""
  ].join("\n")
}

if (import.meta.main) writeFileSync(fileURLToPath(new URL("figure-16.svg", import.meta.url)), figure16Svg(500, 1))
