// Shapes on a canvas, and their colours.
import { brief } from "./Scene.ts"

export type Colours = (name: string) => string

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
export const fitted = (c: CanvasRenderingContext2D, text: string, width: number): string => {
  if (width < 8) return ""
  let length = Math.floor(width / 6) + 1
  let cut = brief(text, length)
  while (length > 1 && c.measureText(cut).width > width) cut = brief(text, --length)
  return length > 1 ? cut : ""
}

/** A bar that is torn off at its right end: nobody knows where it ends. */
export const outlineOpen = (c: CanvasRenderingContext2D, x: number, y: number, width: number, height: number) => {
  const right = x + width
  const tooth = height / 4
  c.moveTo(right - tooth, y)
  c.lineTo(x, y)
  c.lineTo(x, y + height)
  c.lineTo(right - tooth, y + height)
  for (let n = 3; n >= 0; n--) c.lineTo(n % 2 === 1 ? right : right - tooth, y + n * tooth)
}

/** Lines from bottom left to top right. */
export const hatch = (c: CanvasRenderingContext2D, left: number, top: number, right: number, bottom: number, colour: string) => {
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

/** An x about a place. */
export const cross = (c: CanvasRenderingContext2D, x: number, y: number, size: number) => {
  c.beginPath()
  c.moveTo(x - size, y - size)
  c.lineTo(x + size, y + size)
  c.moveTo(x - size, y + size)
  c.lineTo(x + size, y - size)
  c.stroke()
}

/** The outline of a square on its corner. */
export const diamond = (c: CanvasRenderingContext2D, x: number, y: number, size: number) => {
  c.moveTo(x - size, y)
  c.lineTo(x, y - size)
  c.lineTo(x + size, y)
  c.lineTo(x, y + size)
  c.closePath()
}

/** The tip of a line from one place to another. */
export const arrowHead = (c: CanvasRenderingContext2D, fromX: number, fromY: number, x: number, y: number) => {
  const angle = Math.atan2(y - fromY, x - fromX)
  c.beginPath()
  c.moveTo(x, y)
  c.lineTo(x - 9 * Math.cos(angle - 0.4), y - 9 * Math.sin(angle - 0.4))
  c.lineTo(x - 9 * Math.cos(angle + 0.4), y - 9 * Math.sin(angle + 0.4))
  c.closePath()
  c.fill()
}
