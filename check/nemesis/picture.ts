/** A run as a page: what the clients saw, with the faults over it. */
import { kv } from "../linearizability/models/kv.ts"
import { historyPicture } from "../render/HistoryPicture.ts"
import type { Picture } from "../render/Picture.ts"
import type { NemesisRun } from "./Nemesis.ts"
import type { Report } from "./Report.ts"

export const nemesisPicture = ({ history, linearizable, seed, struck }: NemesisRun, { failovers }: Report): Picture => {
  const annotations = struck.map(({ from, kind, label, name, to }) => ({
    group: kind,
    label: `${name} ${label}`,
    from: Math.round(1000 * from),
    to: Math.round(1000 * to)
  }))
  const title = `nemesis, seed ${seed}: ${struck.length} faults, ${failovers} failovers`
  return historyPicture(history, kv, linearizable, { title, annotations })
}
