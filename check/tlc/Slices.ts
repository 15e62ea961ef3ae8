// Cuts the text of a TLA+ collection into the texts of its parts, without reading them. A comparer of large state
// graphs sees few distinct parts many times, so it reads each once and keeps the result by its text.

/**
 * The texts of the elements of a set `{a, b}` or a sequence `<<a, b>>`, in the order printed.
 * The same element can come in several layouts (TLC breaks lines by width), hence under several texts.
 * Throws an Error when the text is neither.
 */
export function elements(text: string): Array<string> {
  const open = text.startsWith("{") ? 1 : text.startsWith("<<") ? 2 : 0
  if (open === 0) throw new Error(`neither a set nor a sequence: ${text.slice(0, 60)}`)
  return cut(text, open).map(([, part]) => part)
}

/**
 * The [key, value] texts of a record `[a |-> x]`, a function `(k :> x @@ l :> y)`, in the order printed.
 * Keys of records come bare (`a`), keys of functions as they are printed (`"a"`, `<<1, 2>>`).
 * Throws an Error when the text is neither.
 */
export function fields(text: string): Array<readonly [string, string]> {
  if (!text.startsWith("[") && !text.startsWith("(")) {
    throw new Error(`neither a record nor a function: ${text.slice(0, 60)}`)
  }
  return cut(text, 1)
}

function cut(text: string, open: number): Array<readonly [string, string]> {
  const parts: Array<readonly [string, string]> = []
  const end = text.length - open
  let depth = 0, start = open, key = ""
  const close = (at: number, next: number) => {
    parts.push([key, text.slice(start, at).trim()])
    start = next
    key = ""
  }
  for (let at = open; at < end; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = endOfString(text, at)
        break
      case 0x5b: case 0x7b: case 0x28: case 0x3c: // [ { ( <
        depth++
        break
      case 0x5d: case 0x7d: case 0x29: // ] } )
        depth--
        break
      case 0x3e: // >, but not that of |-> or :>
        if (text.charCodeAt(at - 1) === 0x3e || text.charCodeAt(at + 1) === 0x3e) {
          depth--
        } else if (depth === 0) {
          key = text.slice(start, at).replace(/(\|-|:)$/, "").trim()
          start = at + 1
        }
        break
      case 0x2c: // ,
        if (depth === 0) close(at, at + 1)
        break
      case 0x40: // @@
        if (depth === 0) {
          close(at, at + 2)
          at++
        }
        break
    }
  }
  if (text.slice(start, end).trim() !== "") close(end, end)
  return parts
}

function endOfString(text: string, quote: number): number {
  let at = quote + 1
  while (at < text.length && text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1
  return at
}
