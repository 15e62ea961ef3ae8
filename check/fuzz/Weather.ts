/** How often what happens. A run keeps to one weather: all troubles at once, always, would let little else happen. */

/** Weights of decisions, per server where they say so; and chances, out of 100. */
export interface Weather {
  readonly name: string
  /** Per server, for each client's request makes messages for all. */
  readonly deliver: number
  /** Per server. */
  readonly apply: number
  readonly client: number
  readonly heartbeat: number
  readonly timeout: number
  /** Per server, with PreVote or CheckQuorum. */
  readonly contactLost: number
  /** With CheckQuorum. */
  readonly checkQuorum: number
  readonly late: number
  readonly lose: number
  readonly crash: number
  readonly restart: number
  /** Per server. */
  readonly snapshot: number
  readonly divide: number
  readonly heal: number
  /** Of a disk that has records under way. */
  readonly sync: number
  readonly syncFails: number
  /** Of a disk whose server is down; a majority stays sound. */
  readonly damage: number
  /** AppendEntries that are lost on their way, while votes get through. */
  readonly lostAppendsPercent: number
  /** A delivery takes any message on its way, not the oldest. */
  readonly reorderPercent: number
  /** The server crashes in the middle of the event's effects. */
  readonly cutPercent: number
  /** The step's record stays under way to the disk. */
  readonly unsyncedPercent: number
}

const calm: Weather = {
  name: "calm",
  deliver: 60,
  apply: 16,
  client: 90,
  heartbeat: 8,
  timeout: 1,
  contactLost: 2,
  checkQuorum: 4,
  late: 8,
  lose: 3,
  crash: 1,
  restart: 4,
  snapshot: 1,
  divide: 1,
  heal: 6,
  lostAppendsPercent: 0,
  reorderPercent: 10,
  cutPercent: 0,
  sync: 6,
  syncFails: 1,
  damage: 0,
  unsyncedPercent: 8
}

export const weathers: ReadonlyArray<Weather> = [
  calm,
  {
    ...calm,
    name: "elections",
    timeout: 10,
    contactLost: 14,
    checkQuorum: 8,
    heartbeat: 12,
    reorderPercent: 20,
    cutPercent: 1
  },
  { ...calm, name: "partitions", divide: 8, timeout: 6, contactLost: 4, checkQuorum: 16, heal: 10 },
  // Leaders that come and go with their work half done, as in Figure 8.
  {
    ...calm,
    name: "turnover",
    timeout: 16,
    contactLost: 20,
    checkQuorum: 16,
    divide: 4,
    heartbeat: 16,
    lostAppendsPercent: 60,
    restart: 8,
    snapshot: 3,
    reorderPercent: 20,
    cutPercent: 1
  },
  {
    ...calm,
    name: "crashes",
    crash: 8,
    restart: 20,
    timeout: 5,
    contactLost: 4,
    cutPercent: 3,
    syncFails: 6,
    damage: 4,
    unsyncedPercent: 25
  },
  {
    ...calm,
    name: "lossy",
    snapshot: 4,
    late: 60,
    lose: 40,
    reorderPercent: 60,
    timeout: 3,
    contactLost: 6,
    checkQuorum: 12,
    heartbeat: 20
  },
  {
    ...calm,
    name: "storm",
    late: 30,
    lose: 20,
    reorderPercent: 40,
    timeout: 8,
    contactLost: 8,
    checkQuorum: 10,
    divide: 5,
    heal: 8,
    crash: 4,
    restart: 14,
    cutPercent: 2,
    syncFails: 3,
    damage: 1,
    unsyncedPercent: 20
  }
]
