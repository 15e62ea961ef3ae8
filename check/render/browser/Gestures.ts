// What mouse and fingers do on the drawing.
import type { Viewport } from "./Viewport.ts"

export interface Gestures {
  readonly hover: (x: number, y: number, event: PointerEvent) => void
  readonly leave: () => void
  readonly select: (x: number, y: number) => void
}

/** Pixels that a pointer may move in a click. */
const slack = 4

interface Place {
  readonly x: number
  readonly y: number
}

/** Dragging moves, wheel and pinch come closer or go farther; the rest is the page's affair. */
export const listenToGestures = (canvas: HTMLCanvasElement, port: Viewport, { hover, leave, select }: Gestures) => {
  const down = new Map<number, Place>()
  let hasMoved = false
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId)
    down.set(event.pointerId, { x: event.offsetX, y: event.offsetY })
    hasMoved = false
  })
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = [event.offsetX, event.offsetY]
    const before = down.get(event.pointerId)
    if (before === undefined) return hover(x, y, event)
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1]
    if (other !== undefined) {
      const spread = (p: Place) => Math.max(1, Math.hypot(p.x - other.x, p.y - other.y))
      port.zoom(spread({ x, y }) / spread(before), (x + other.x) / 2)
    } else if (hasMoved || Math.hypot(x - before.x, y - before.y) > slack) {
      leave()
      port.pan(x - before.x, y - before.y)
    } else return
    hasMoved = true
    down.set(event.pointerId, { x, y })
  })
  canvas.addEventListener("pointerup", (event) => {
    const wasAlone = down.size === 1
    down.delete(event.pointerId)
    if (wasAlone && !hasMoved) select(event.offsetX, event.offsetY)
  })
  canvas.addEventListener("pointercancel", (event) => down.delete(event.pointerId))
  canvas.addEventListener("pointerleave", leave)
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault()
    const isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey
    const perUnit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 0.05 : 0.002
    if (isSideways) port.pan(-(event.deltaX || event.deltaY), 0)
    else port.zoom(Math.exp(-event.deltaY * perUnit), event.offsetX)
  }, { passive: false })
}
