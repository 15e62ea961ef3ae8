// `import "lockstep/linearizability/vitest"`: a matcher for vitest.
//
//     expect(recorder.history()).toBeLinearizable(kv)
import { expect } from "vitest"
import type { CheckOptions } from "../check.ts"
import type { History, Operation } from "../History.ts"
import { judge } from "./judge.ts"
import type { Model } from "../Model.ts"

declare module "vitest" {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /**
     * A `History`, or a list of operations, is linearizable for `model`. What is undecided within the budget fails, and with
     * `.not` as well.
     */
    toBeLinearizable: (model: Model, options?: CheckOptions) => R
  }
}

expect.extend({
  toBeLinearizable(received: History | ReadonlyArray<Operation>, model: Model, options?: CheckOptions) {
    const { operations, text, verdict } = judge(received, model, options)
    const isNot = this.isNot === true
    const isExpected = verdict === (isNot ? "illegal" : "ok")
    return {
      pass: isExpected !== isNot,
      message: () => (verdict === "ok" ? `the history of ${operations} operations is linearizable for ${model.name}` : text)
    }
  }
})
