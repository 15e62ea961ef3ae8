/** Random runs for the tests of traces: each number is one choice of what happens next. */
import type { Settings } from "../../src/raft/Server.ts"
import { Cluster, serverIds } from "../cluster/Cluster.ts"
import type { Event, Taken } from "../cluster/Cluster.ts"
import type { Header, Line } from "./Format.ts"
import { headerOf, linesOf } from "./TraceWriter.ts"

/** A run of `count` servers. Deliveries prefer late messages, or nobody would ever be elected. */
export const randomRun = (
  count: number,
  settings: Settings,
  choices: ReadonlyArray<number>
): { readonly header: Header; readonly lines: ReadonlyArray<Line>; readonly taken: ReadonlyArray<Taken> } => {
  const taken: Array<Taken> = []
  const cluster = new Cluster(serverIds(count), settings, (one) => taken.push(one))
  for (const [n, choice] of choices.entries()) {
    const server = cluster.ids[choice % count]!
    const cut = choice % 97 === 0 ? { cut: 1 + choice % 3 } : {}
    cluster.execute({ ...eventOf(Math.floor(choice / count), server, n, cluster.sent.length), ...cut })
    for (const down of cluster.down) if ((choice + n) % 3 === 0) cluster.execute({ type: "restart", server: down })
  }
  return { header: headerOf(cluster.ids, settings, null, {}), lines: linesOf(cluster.sent, taken), taken }
}

const eventOf = (choice: number, server: string, n: number, sent: number): Event => {
  const kind = choice % 40
  if (kind === 0) return { type: "timeout", server }
  if (kind === 1) return { type: "propose", server, values: [`{"put":"é${n}\\"}`, "more"].slice(0, 1 + n % 2) }
  if (kind === 2) return { type: "heartbeat", server }
  if (kind < 6) return { type: "apply", server }
  if (kind === 6) return { type: "crash", server }
  if (kind === 7) return { type: "contact-lost", server }
  if (kind === 8) return { type: "check-quorum", server }
  if (kind === 9) return { type: "snapshot", server }
  if (sent === 0) return { type: "timeout", server }
  const back = Math.floor(choice / 40) % 64
  return { type: "deliver", message: Math.max(0, sent - 1 - Math.floor(back * back / 256)) }
}
