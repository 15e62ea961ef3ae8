// Random small histories, many at a time: what procedures are compared with brute force on. Operations take effect on
// the model at a random moment between call and return, so without a fault the history is linearizable; then something
// is put wrong.
import { APPLIED, FAILED, HistoryWriter, UNKNOWN } from "../History.ts"
import type { History } from "../History.ts"
import type { Model } from "../Model.ts"
import type { Random } from "../../Random.ts"
import type { Json } from "../Texts.ts"

/** What a client does, and what it is answered. */
export interface Call {
  readonly op: string
  readonly value: Json
  readonly output: Json
}

/** What the operations of a model's histories are like. */
export interface Vocabulary<S = any> {
  readonly model: Model<S>
  /**
   * What `client` may do where the state is `state`, with the right answer. `value()` is a value to write: in some
   * histories another one each time, in others one of a few. `style` is the same throughout a history, from 0 to 5.
   */
  readonly call: (state: S, client: number, random: Random, value: () => number, style: number) => Call
  /** Another answer to a call. */
  readonly wrong: (call: Call, random: Random) => Json
}

interface Planned {
  client: number
  call: number
  return: number
  effect: number
  outcome: "known" | "unknown" | "applied" | "never" | "failed"
}

const mostOperations = 14

/**
 * `count` histories of 4 to 14 operations, by 2 to 7 clients: each on a key of its own. 0, 10 or 30 % of the outcomes are
 * unknown; times are all different, or few, so that many are equal.
 */
export const randomHistories = (vocabulary: Vocabulary, random: Random, count: number): History => {
  const writer = new HistoryWriter()
  for (let i = 0; i < count; i++) addHistory(vocabulary, random, writer, String(i))
  return writer.end()
}

const addHistory = ({ call, model, wrong }: Vocabulary, random: Random, writer: HistoryWriter, key: string) => {
  const plans = plan(random)
  const values = random.of([0, 0, 2, 3])
  let fresh = 0
  const value = () => (values === 0 ? ++fresh : 1 + random.below(values))
  const style = random.below(6)
  // The operation in this place of the order of effects, if it is answered, is lost, or takes effect twice.
  const lost = random.percent(25) ? random.below(plans.length) : plans.length
  const twice = random.percent(15) ? random.below(plans.length) : plans.length

  let state: unknown = model.init
  const effects: Array<{ readonly plan: Planned; readonly call: Call }> = []
  for (const [i, p] of plans.sort((a, b) => a.effect - b.effect).entries()) {
    const made = call(state, p.client, random, value, style)
    effects.push({ plan: p, call: made })
    if (p.outcome === "never" || p.outcome === "failed" || (i === lost && p.outcome === "known")) continue
    const x = { client: p.client, key, op: made.op, value: made.value, output: made.output, call: 0, return: 0 }
    const after = model.step(state, x)
    if (p.outcome === "applied" && after === state) p.outcome = "unknown"
    if (after === undefined) throw new Error(`model ${model.name} does not allow ${JSON.stringify(x)} in ${JSON.stringify(state)}`)
    state = i === twice ? (model.step(after, x) ?? after) : after
  }

  const outputs = effects.map((e) => e.call.output)
  if (random.percent(30)) {
    const i = random.below(effects.length)
    outputs[i] = wrong(effects[i]!.call, random)
  }
  if (random.percent(15)) {
    const [i, j] = [random.below(effects.length), random.below(effects.length)]
    if (effects[i]!.call.op === effects[j]!.call.op) [outputs[i], outputs[j]] = [outputs[j]!, outputs[i]!]
  }
  for (let moved = random.below(6); moved > 0; moved--) {
    const p = effects[random.below(effects.length)]!.plan
    const by = random.of([-1, 1]) * (1 + random.below(2 * (p.return - p.call + 1)))
    p.call += by
    p.return += by
  }
  for (const [i, { call: { op, value }, plan: p }] of effects.entries()) {
    const isKnown = p.outcome === "known"
    const returned = isKnown ? p.return : p.outcome === "applied" ? APPLIED : p.outcome === "failed" ? FAILED : UNKNOWN
    const output = isKnown ? outputs[i]! : null
    writer.addRow(p.client, writer.op(op), writer.key(key), writer.texts.of(value), p.call, returned, writer.texts.of(output), 0)
  }
}

/** Clients with one operation at a time, but for those of unknown outcome: they go on, or come back under a new name. */
const plan = (random: Random): Array<Planned> => {
  const length = 4 + random.below(mostOperations - 3)
  const clientCount = 2 + random.below(6)
  const unknowns = random.of([0, 10, 30])
  const longest = random.of([2, 4, 8, 16])
  // Times are multiples of this, plus a bit; where it is 1, many are equal.
  const grain = random.of([1, 1000])
  const bit = () => random.below(grain)
  const free = Array.from({ length: clientCount }, () => random.below(4) * grain + bit())
  const names = Array.from({ length: clientCount }, (_, c) => c)
  const plans: Array<Planned> = []
  for (let i = 0; i < length; i++) {
    const c = random.below(clientCount)
    const call = free[c]! + random.below(3) * grain + bit()
    const took = random.below(longest) * grain + bit()
    const isUnknown = random.percent(unknowns)
    const happens = random.percent(65)
    plans.push({
      client: names[c]!,
      call,
      return: call + took,
      effect: call + random.below((isUnknown ? 3 * longest * grain : took) + 1),
      outcome: !isUnknown ? "known" : !happens ? (random.percent(20) ? "failed" : "never") : random.percent(20) ? "applied" : "unknown"
    })
    free[c] = call + took
    if (isUnknown && random.percent(50)) names[c] = clientCount + i
  }
  return plans
}
