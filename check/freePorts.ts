/** Ports for the servers of tests, demonstrations and benchmarks. */
import { createServer } from "node:net"

/** Below those that systems give to connections: else one might have a server's port while that is down. */
const [lowest, highest] = [20_000, 30_000]

/** So many ports of loopback that nobody listens on, each once. */
export const freePorts = async (count: number): Promise<ReadonlyArray<number>> => {
  const found: Array<number> = []
  // Other processes look for some at the same time: each begins elsewhere.
  const begin = process.pid * 64
  for (let n = 0; n < highest - lowest && found.length < count; n++) {
    const port = lowest + (begin + n) % (highest - lowest)
    if (await isFree(port)) found.push(port)
  }
  if (found.length < count) throw new Error(`no ${count} free ports from ${lowest} to ${highest}`)
  return found
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once("error", () => resolve(false))
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)))
  })
