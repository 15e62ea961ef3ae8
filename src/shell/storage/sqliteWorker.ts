/** The thread in which SQLite waits for the disk; see `Sqlite.ts`. */
import { parentPort, workerData } from "node:worker_threads"
import type { Order, Reply, WorkerData } from "./Sqlite.ts"
import { openSqlite, type SqliteStore, StoreFault } from "./SqliteStore.ts"

const port = parentPort!

/** Replies with what the work gives, or why it failed. */
const replying = (work: () => Reply): void => {
  try {
    port.postMessage(work())
  } catch (error) {
    if (!(error instanceof StoreFault)) throw error
    port.postMessage({ failed: error.fault } satisfies Reply)
  }
}

const serve = ({ close, commit }: SqliteStore): void => {
  port.on("message", (order: Order) => {
    if (order === "close") {
      close()
      port.close()
    } else {
      replying(() => {
        commit(order)
        return "done"
      })
    }
  })
}

replying(() => {
  const store = openSqlite((workerData as WorkerData).folder)
  serve(store)
  return { file: store.file, found: store.found }
})
