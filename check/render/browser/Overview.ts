// The whole of a scene in a strip: how much is going on, where the marked items are, and which part is being seen.
import type { Scene } from "./Scene.ts"
import { coloursOf } from "./Shapes.ts"
import type { Viewport } from "./Viewport.ts"

export class Overview {
  readonly #canvas: HTMLCanvasElement
  readonly #port: Viewport

  constructor(canvas: HTMLCanvasElement, port: Viewport) {
    this.#canvas = canvas
    this.#port = port
    const follow = (event: PointerEvent) => {
      if (event.buttons === 1) port.centre((event.offsetX / canvas.clientWidth) * port.scene.columns)
    }
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId)
      follow(event)
    })
    canvas.addEventListener("pointermove", follow)
  }

  draw() {
    const canvas = this.#canvas
    const c = canvas.getContext("2d")!
    const { clientHeight: height, clientWidth: width } = canvas
    canvas.width = Math.round(width * devicePixelRatio)
    canvas.height = Math.round(height * devicePixelRatio)
    c.scale(devicePixelRatio, devicePixelRatio)
    const colour = coloursOf(canvas)
    const { scene, window } = this.#port
    const xOf = (column: number) => Math.max(0, Math.min(1, column / scene.columns)) * width
    const counts = activity(scene, Math.max(1, Math.floor(width / 2)))
    const most = Math.max(1, ...counts)
    c.fillStyle = colour("--muted")
    counts.forEach((count, n) => c.fillRect(2 * n, height, 2, -(height - 8) * count / most))
    const [from, to] = [xOf(window.from), xOf(window.to)]
    c.fillStyle = colour("--selected")
    c.globalAlpha = 0.15
    c.fillRect(from, 0, to - from, height)
    c.globalAlpha = 1
    c.strokeStyle = colour("--selected")
    c.lineWidth = 2
    c.strokeRect(from + 1, 1, Math.max(6, to - from - 2), height - 2)
    c.fillStyle = colour("--mark-core")
    for (const { from, mark } of scene.bars) if (mark !== "none") c.fillRect(xOf(from) - 1, 0, 3, height)
  }
}

/** How many operations begin in each part of the scene. */
const activity = ({ bars, columns }: Scene, parts: number): ReadonlyArray<number> => {
  const counts = Array.from({ length: parts }, () => 0)
  for (const { from } of bars) counts[Math.min(parts - 1, Math.floor(from / columns * parts))]!++
  return counts
}
