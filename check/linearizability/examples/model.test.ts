import { expect, test } from "vitest"
import { checkLinearizable } from "../index.ts"
import type { Model } from "../index.ts"

/** A bank account: `deposit` n, and `withdraw` n, which answers whether there was enough. */
const account: Model<number> = {
  name: "account",
  init: 0,
  step: (balance, { op, output, return: returned, value }) => {
    const amount = value as number
    if (op === "deposit") return balance + amount
    const isEnough = balance >= amount
    // Where the outcome is unknown every answer is possible.
    if (returned !== null && output !== isEnough) return undefined
    return isEnough ? balance - amount : balance
  }
}

test("an own model", () => {
  const deposit = { client: 1, op: "deposit", key: "a", value: 5, call: 0, return: 9, output: null }
  const withdraw = (client: number, call: number, output: boolean) => ({ client, op: "withdraw", key: "a", value: 5, call, return: call + 2, output })
  expect(checkLinearizable([deposit, withdraw(2, 1, true), withdraw(3, 1, false)], account).verdict).toBe("ok")
  expect(checkLinearizable([deposit, withdraw(2, 1, true), withdraw(3, 1, true)], account).verdict).toBe("illegal")
})
