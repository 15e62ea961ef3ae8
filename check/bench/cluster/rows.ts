/** The rows of `just bench-cluster`: what is measured, and the goal it has to meet. */
import type { Figures, Workload } from "./sides.ts"

/** Ours and etcd's under the same load, each the median of several runs. */
export interface Contest extends Workload {
  readonly row: string
  readonly etcd: Figures
  readonly lockstep: Figures
  /** Of writes per second. */
  readonly ratio: number
  readonly goal: string
  /** What falls short of the goal; `undefined`: there is none. */
  readonly missed: ReadonlyArray<string> | undefined
}

/** What ours alone has to do. */
export interface Alone {
  readonly row: string
  readonly found: string
  readonly goal: string
  readonly missed: ReadonlyArray<string> | undefined
}

export interface Planned extends Workload {
  readonly row: string
  /** How many times etcd's writes per second ours must be at least; its p99 must be no worse. */
  readonly times?: number
}

export const planned: ReadonlyArray<Planned> = [
  { row: "1 client", clients: 1, spread: false, times: 1 },
  { row: "16 clients", clients: 16, spread: false, times: 1 },
  { row: "64 clients", clients: 64, spread: false, times: 2 },
  { row: "256 clients", clients: 256, spread: false, times: 2 },
  { row: "64, all servers", clients: 64, spread: true },
  { row: "64, sessions", clients: 64, spread: false, sessions: true, times: 2 },
  { row: "256, sessions", clients: 256, spread: false, sessions: true, times: 2 }
]

/**
 * With one client a write begins when the one before is acknowledged, which two servers of three have synced by then; for
 * the next, two sync again: two syncs a write at least. And the disk hears of it: servers may share a flush, and more of
 * them may be others' doing, but fewer than one a write there can't be.
 */
export const isDurable = ({ flushes, syncs }: Figures): boolean => syncs >= 2 && !(flushes < 1)

export const judge = ({ times, ...workload }: Planned, etcd: Figures, lockstep: Figures): Contest => {
  const ratio = lockstep.writesPerSecond / etcd.writesPerSecond
  const compared = { ...workload, etcd, lockstep, ratio }
  if (times === undefined) return { ...compared, goal: "-", missed: undefined }
  const alone = workload.clients === 1
  const missed = [
    ...ratio >= times ? [] : ["ratio"],
    ...lockstep.p99Ms <= etcd.p99Ms ? [] : ["p99"],
    ...alone && !isDurable(etcd) ? ["etcd's syncs"] : [],
    ...alone && !isDurable(lockstep) ? ["our syncs"] : []
  ]
  return { ...compared, goal: `>= ${times}x, p99 no worse${alone ? ", each write synced" : ""}`, missed }
}
