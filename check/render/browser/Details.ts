// Lists beside the drawing, and the small window at the pointer. All text goes in as text, never as HTML.
import type { Fact, Section } from "./Scene.ts"

/** An element with attributes and children; `undefined` children are left out. */
export const element = <Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
  ...children: ReadonlyArray<Node | string>
): HTMLElementTagNameMap[Name] => {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.append(...children)
  return made
}

export const factList = (facts: ReadonlyArray<Fact>): HTMLElement =>
  element("dl", {}, ...facts.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text)]))

/** The sections, with buttons for the items that one can go to. */
export const sectionElements = (
  sections: ReadonlyArray<Section>,
  selected: number | undefined,
  go: (item: number) => void
): ReadonlyArray<HTMLElement> =>
  sections.map(({ entries, facts, note, title }) =>
    element(
      "section",
      { "aria-label": title },
      element("h2", {}, title),
      ...(note === "" ? [] : [element("p", {}, note)]),
      ...(facts.length === 0 ? [] : [factList(facts)]),
      ...(entries.length === 0 ? [] : [
        element("ol", {}, ...entries.map(({ hint, item, sign, text }) => {
          const words = [element("span", { class: "sign" }, sign), element("span", { class: "text" }, text)]
          const button = element("button", item === selected && item !== undefined ? { "aria-current": "true" } : {}, ...words)
          if (item === undefined) button.disabled = true
          else button.addEventListener("click", () => go(item))
          return element("li", {}, button, ...(hint === "" ? [] : [element("span", { class: "hint" }, hint)]))
        }))
      ])
    )
  )

/** The window at the pointer. */
export class Tooltip {
  readonly #element: HTMLElement

  constructor(element: HTMLElement) {
    this.#element = element
  }

  show(title: string, facts: ReadonlyArray<Fact>, x: number, y: number) {
    const box = this.#element
    box.replaceChildren(element("strong", {}, title), factList(facts))
    box.hidden = false
    const left = x + 16 + box.offsetWidth > innerWidth ? x - 16 - box.offsetWidth : x + 16
    const top = y + 16 + box.offsetHeight > innerHeight ? y - 16 - box.offsetHeight : y + 16
    box.style.left = `${Math.max(4, left)}px`
    box.style.top = `${Math.max(4, top)}px`
  }

  hide() {
    this.#element.hidden = true
  }
}
