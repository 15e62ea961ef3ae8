/** What goes wrong, and how often. A run keeps to one weather: all troubles at once would let little else happen. */
import type { FaultType } from "./Faults.ts"
import type { Conditions } from "./Network.ts"
import { calm } from "./Network.ts"

export interface Weather {
  readonly name: string
  readonly network: Conditions
  /** Milliseconds between two faults, on average. */
  readonly every: number
  /** How often each kind, as weights. */
  readonly faults: Readonly<Record<FaultType, number>>
}

const fair: Weather = {
  name: "fair",
  network: { ...calm, slowPercent: 3, slowest: 20 },
  every: 700,
  faults: { crash: 2, stop: 1, pause: 1, disk: 0, divide: 1, snapshot: 2 }
}

export const weathers: ReadonlyArray<Weather> = [
  fair,
  { ...fair, name: "crashes", every: 200, faults: { crash: 10, stop: 2, pause: 0, disk: 3, divide: 0, snapshot: 1 } },
  { ...fair, name: "partitions", every: 300, faults: { crash: 1, stop: 0, pause: 2, disk: 0, divide: 10, snapshot: 1 } },
  {
    ...fair,
    name: "lossy",
    network: { delay: [0.5, 5], slowPercent: 15, slowest: 120, lossPercent: 10, repeatPercent: 10 },
    faults: { ...fair.faults, snapshot: 6 }
  },
  { ...fair, name: "standstills", every: 250, faults: { crash: 1, stop: 1, pause: 10, disk: 0, divide: 1, snapshot: 0 } },
  {
    name: "storm",
    network: { delay: [0.5, 8], slowPercent: 10, slowest: 300, lossPercent: 5, repeatPercent: 5 },
    every: 250,
    faults: { crash: 6, stop: 1, pause: 2, disk: 2, divide: 4, snapshot: 2 }
  }
]
