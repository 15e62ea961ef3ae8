// What colours, lines and signs of a scene mean; and which groups of annotations are shown.
import { element } from "./Details.ts"
import type { Scene } from "./Scene.ts"

const lookWords: Readonly<Record<string, string>> = {
  failed: "failed, without effect",
  preCandidate: "pre-candidate",
  stopped: "stopped by SIGSTOP",
  silent: "runs, but doesn't answer",
  slow: "slow answers",
  none: "no answers"
}

/** `hidden` is changed when a group is hidden or shown, and `changed` is called then. */
export const legendElements = (scene: Scene, hasOrders: boolean, hidden: Set<string>, changed: () => void): ReadonlyArray<HTMLElement> => {
  const { bands, bars, points } = scene
  const marks = new Set(bars.map(({ mark }) => mark))
  return [
    ...[...new Set(bars.map(({ look }) => look))].map((look) =>
      swatch({ background: `var(--look-${look})`, border: `1px ${look === "failed" ? "dashed" : "solid"} var(--edge-${look})` }, "", lookWords[look] ?? look)
    ),
    ...(marks.has("core") ? [swatch({ border: "2px solid var(--mark-core)" }, "◆", "core")] : []),
    ...(marks.has("context") ? [swatch({ border: "2px dashed var(--mark-context)" }, "◇", "context")] : []),
    ...(marks.has("blocked") ? [swatch({ border: "2px solid var(--mark-blocked)" }, "■", "no order from its return on")] : []),
    ...(bars.some(({ to }) => to === Infinity) ? [swatch({ "border-right": "3px dotted var(--text)" }, "", "outcome unknown")] : []),
    ...(hasOrders ? [swatch({ "border-color": "var(--path)" }, "•12", "place in the order shown")] : []),
    ...(points.length === 0 ? [] : [
      swatch({ border: "none" }, "◆", "last step"),
      swatch({ border: "none", color: "var(--arrow)" }, "→", "message"),
      swatch({ border: "none" }, "⇢✕", "message that isn't received")
    ]),
    ...[...new Set(bands.map(({ group }) => group))].map((group) => {
      const box = element("input", { type: "checkbox" })
      box.checked = !hidden.has(group)
      box.addEventListener("change", () => {
        if (box.checked) hidden.delete(group)
        else hidden.add(group)
        changed()
      })
      return element("label", {}, box, ` ${group}`)
    })
  ]
}

const swatch = (style: Readonly<Record<string, string>>, sign: string, text: string): HTMLElement => {
  const box = element("span", { class: "swatch" }, sign)
  for (const [name, value] of Object.entries(style)) box.style.setProperty(name, value)
  return element("span", {}, box, text)
}
