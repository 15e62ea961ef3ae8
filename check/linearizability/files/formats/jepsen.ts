// Histories as Jepsen, Knossos and Elle have them: a vector or list of maps, or just maps, each an event:
// `{:process 3, :type :invoke, :f :cas, :value [1 4], :time 5120, :index 17}`; in JSON an array of objects.
// Porcupine's logs of a map are written so, too: `{:process 0, :type :invoke, :f :append, :key "4", :value "x 0 1 y"}`.
import type { Json } from "../../Texts.ts"
import { Events } from "./events.ts"
import type { Event, Meaning } from "./events.ts"
import type { FormatReader, Reading } from "./Format.ts"
import { END } from "./Forms.ts"
import type { Forms } from "./Forms.ts"
import { eventInMap } from "./usual.ts"

/** For the bytes that open a sequence of events: those that close it. */
const closing = new Map([["[", "]"], ["(", ")"]].map(([open, close]) => [open!.charCodeAt(0), close!.charCodeAt(0)]))

export class JepsenReader implements FormatReader {
  readonly #forms: Forms
  readonly #events: Events
  readonly #eventOf: (form: Json) => Event | undefined
  /** What closes the sequence of events, or END if it has been closed; `undefined` where there is no sequence. */
  #close: number | undefined
  /** The error if the sequence isn't closed. */
  #isOpen: Error | undefined
  #isFirst = true
  #isUsual = true

  constructor(forms: Forms, eventOf: (form: Json) => Event | undefined, reading: Reading, meaning: Meaning) {
    this.#forms = forms
    this.#eventOf = eventOf
    this.#events = new Events(reading, meaning)
  }

  get line(): number {
    return this.#forms.line
  }

  get operations(): number {
    return this.#events.operations
  }

  read(bytes: Uint8Array, end: number, isLast: boolean): number {
    this.#isUsual = true
    return this.#forms.block(bytes, end, isLast, () => this.#next())
  }

  /** Reads what comes next; false at the end. */
  #next(): boolean {
    const forms = this.#forms
    const next = forms.next()
    if (next === END) return false
    if (this.#close === END) throw forms.error("there is more behind the end of the history")
    if (next === this.#close) {
      this.#close = END
      this.#isOpen = undefined
      forms.pass()
    } else if (this.#isFirst && closing.has(next)) {
      this.#close = closing.get(next)
      this.#isOpen = forms.error("the history that begins here does not end")
      forms.pass()
    } else this.#event()
    this.#isFirst = false
    return true
  }

  #event() {
    const forms = this.#forms
    const { at, line } = forms
    const event = this.#usualEvent() ?? this.#eventOf(forms.form())
    const wrong = event === undefined ? "not an event: expected a map of process, type, f and value" : this.#events.add(event, line)
    if (wrong !== undefined) throw forms.error(wrong, at)
  }

  /** Most files have events on lines that are all alike. Where one is not, no more are expected in the block. */
  #usualEvent(): Event | undefined {
    if (!this.#isUsual) return undefined
    const line = this.#forms.restOfLine()
    const event = line === undefined ? undefined : eventInMap(line)
    this.#isUsual = event !== undefined
    if (event !== undefined) this.#forms.passLine()
    return event
  }

  end() {
    if (this.#isOpen !== undefined) throw this.#isOpen
    this.#events.end()
  }
}

const isMap = (form: Json | undefined): form is { readonly [key: string]: Json } =>
  typeof form === "object" && form !== null && !Array.isArray(form)

/** An event in EDN, also as a record: `#jepsen.history.Op{…}`. */
export const ednEvent = (form: Json): Event | undefined => {
  if (!isMap(form)) return undefined
  const [key] = Object.keys(form)
  const map = key?.startsWith("#") ? form[key] : form
  if (!isMap(map)) return undefined
  const { ":process": process, ":type": type, ":f": f, ":key": key_, ":value": value, ":index": index } = map
  return { process, type, f, key: key_, value, index }
}

/** An event in JSON. */
export const jsonEvent = (form: Json): Event | undefined => (isMap(form) ? form as unknown as Event : undefined)
