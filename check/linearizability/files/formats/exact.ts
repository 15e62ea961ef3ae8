// Integers beyond 2^53, which a number would round.

/** An integer of decimal digits: as a number, or, if that would round it, as the string of its digits. */
export const exactInteger = (digits: string): number | string => {
  const n = Number(digits)
  return Number.isSafeInteger(n) ? n + 0 : String(BigInt(digits))
}

/** Nine digits at a time: what is left of a decimal number then is small. */
const BILLION = 1_000_000_000

/**
 * The times of one history. Nanoseconds since 1970 do not fit into a number: where the first call is beyond 2^53, all
 * times are counted from it.
 */
export class Times {
  #isFirst = true
  /** The first call if it is beyond 2^53, else 0: its last nine digits, and those before. */
  #high = 0
  #low = 0

  /**
   * The time whose decimal digits lie in `bytes` from `start` to `end`. NaN: it is more than 2^53 away from the first
   * call, or from 0.
   */
  ofDigits(bytes: Uint8Array, start: number, end: number, isNegative: boolean): number {
    const middle = Math.max(start, end - 9)
    // More digits are NaN below; a number of up to 15 digits is exact.
    if (middle - start > 15) return NaN
    const sign = isNegative ? -1 : 1
    const high = sign * number(bytes, start, middle)
    const low = sign * number(bytes, middle, end)
    if (this.#isFirst) {
      this.#isFirst = false
      if (!Number.isSafeInteger(high * BILLION + low)) {
        this.#high = high
        this.#low = low
      }
    }
    const time = (high - this.#high) * BILLION + (low - this.#low)
    // -0 is 0.
    return Number.isSafeInteger(time) ? time + 0 : NaN
  }

  of(time: bigint | number): number {
    const digits = Buffer.from(String(time < 0 ? -time : time))
    return this.ofDigits(digits, 0, digits.length, time < 0)
  }
}

const number = (bytes: Uint8Array, start: number, end: number): number => {
  let n = 0
  for (let i = start; i < end; i++) n = 10 * n + (bytes[i]! - 0x30)
  return n
}
