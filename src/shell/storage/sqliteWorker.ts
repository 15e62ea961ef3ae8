/** The thread in which SQLite waits for the disk; see `Sqlite.ts`. */
import { parentPort, workerData } from "node:worker_threads"
import { StorageError } from "../Storage.ts"
import type { Order, Reply, WorkerData } from "./Sqlite.ts"
import { openSqlite, type SqliteStore } from "./SqliteStore.ts"

const port = parentPort!
/** A class doesn't survive the way between threads. */
const failed = (error: unknown): Reply => {
  if (!(error instanceof StorageError)) throw error
  const { file, kind, offset, reason } = error
  return { failed: { file, kind, reason, ...(offset === undefined ? {} : { offset }) } }
}
const reply = (answer: Reply) => port.postMessage(answer)

const serve = ({ commit, close, file, found }: SqliteStore) => {
  port.on("message", (order: Order) => {
    if (order === "close") {
      close()
      port.close()
      return
    }
    try {
      commit(order)
      reply("done")
    } catch (error) {
      reply(failed(error))
    }
  })
  reply({ file, found })
}

try {
  serve(openSqlite((workerData as WorkerData).folder))
} catch (error) {
  reply(failed(error))
}
