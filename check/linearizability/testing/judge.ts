// A history checked for those who only want to know, and to read why not: matchers and properties.
import { explanationText } from "../../render/Timeline.ts"
import { checkLinearizable } from "../check.ts"
import type { CheckOptions } from "../check.ts"
import { History, show } from "../History.ts"
import type { Operation } from "../History.ts"
import { misfit } from "../Model.ts"
import type { Model } from "../Model.ts"
import type { Verdict } from "../Result.ts"

/** The verdict, and for each key that is not "ok" why. Throws a TypeError when an operation does not fit the model. */
export const judge = (
  given: History | ReadonlyArray<Operation>,
  model: Model,
  options?: CheckOptions
): { readonly verdict: Verdict; readonly operations: number; readonly text: string } => {
  const history = given instanceof History ? given : History.of(given)
  for (const x of history.operations()) {
    const fault = misfit(model, x)
    if (fault !== undefined) throw new TypeError(`${show(x)}: ${fault}`)
  }
  const { keys, verdict } = checkLinearizable(history, model, options)
  const texts = keys.flatMap((key) => {
    if (key.verdict === "ok") return []
    if (key.verdict === "unknown") return [`${JSON.stringify(key.key)} is undecided: out of ${key.reason}`]
    const { explanation } = key
    return [explanation === undefined ? `${JSON.stringify(key.key)} is not linearizable` : explanationText(history, model, { ...key, explanation })]
  })
  return { verdict, operations: history.length, text: texts.join("\n\n") }
}
