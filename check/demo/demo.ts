/**
 * `just demo`: three servers on this machine. A client writes without a pause, the leader is killed under it, the others
 * elect another, and everything that was acknowledged is there, once. Prints what happened when.
 */
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { connect, OutcomeUnknown } from "../../src/client/index.ts"
import type { Status } from "../../src/shell/Replica.ts"
import { freePorts } from "../freePorts.ts"
import { processes, ServerProcess } from "../nemesis/Processes.ts"

const ids = ["s1", "s2", "s3"]
const start = performance.now()

const tell = (who: string, what: string) => {
  console.log(`${((performance.now() - start) / 1000).toFixed(2).padStart(6)} s  ${who.padEnd(7)} ${what}`)
}

/** The cluster file, in a folder that is gone afterwards. */
const prepare = async (folder: string) => {
  const ports = await freePorts(9)
  const servers = Object.fromEntries(ids.map((id, n) => {
    const [peers, clients, http] = ports.slice(3 * n).map((port) => `127.0.0.1:${port}`)
    return [id, { peers: peers!, clients: clients!, http: http! }]
  }))
  const file = join(folder, "cluster.json")
  writeFileSync(file, JSON.stringify({ cluster: "demo", servers }, null, 2))
  return { servers, file }
}

const demo = async (
  { file, servers }: Awaited<ReturnType<typeof prepare>>,
  all: ReadonlyMap<string, ServerProcess>
): Promise<void> => {
  const statusOf = async (id: string): Promise<Status | undefined> => {
    try {
      return await (await fetch(`http://${servers[id]!.http}/status`, { signal: AbortSignal.timeout(500) })).json() as Status
    } catch {
      return undefined
    }
  }
  /** The latest leader, once there is one that all of `among` follow. */
  const leaderOf = async (among: ReadonlyArray<string>): Promise<Status> => {
    for (let tries = 0; tries < 600; tries++) {
      const found = await Promise.all(among.map(statusOf))
      const leader = found.find((s) => s?.role === "leader")
      if (leader !== undefined && found.every((s) => s?.leader === leader.id && s.term === leader.term)) return leader
      await sleep(20)
    }
    throw new Error("no leader within 12 s")
  }

  tell("demo", `three servers: ${file}`)
  for (const server of all.values()) server.start()
  const first = await leaderOf(ids)
  tell(first.id, `leads term ${first.term}`)

  const client = connect({ servers: ids.map((id) => servers[id]!.clients) })
  await client.put("greeting", "hello")
  tell("client", `put greeting; get greeting → ${await client.get("greeting")}`)

  // The writer: each number once, whatever happens meanwhile.
  const acknowledged: Array<number> = []
  const unknown: Array<number> = []
  let longest = 0
  let writing = true
  const writer = (async () => {
    for (let n = 1; writing; n++) {
      const begun = performance.now()
      try {
        await client.append("numbers", `${n} `)
        acknowledged.push(n)
      } catch (error) {
        if (!(error instanceof OutcomeUnknown)) throw error
        unknown.push(n)
      }
      longest = Math.max(longest, performance.now() - begun)
    }
  })()
  await sleep(1000)
  tell("client", `has written ${acknowledged.length} numbers, one after the other`)

  const survivors = ids.filter((id) => id !== first.id)
  await all.get(first.id)!.kill()
  tell(first.id, "killed (SIGKILL), while the client writes")
  const second = await leaderOf(survivors)
  tell(second.id, `leads term ${second.term}`)
  await sleep(1000)
  writing = false
  await writer
  tell("client", `${acknowledged.length} numbers written, ${unknown.length} unknown; the longest took ${longest.toFixed(0)} ms`)

  const found = (await client.get("numbers"))!.trim().split(" ").map(Number)
  const lost = acknowledged.filter((n) => !found.includes(n))
  const twice = found.filter((n, at) => found.indexOf(n) !== at)
  tell("client", `reads them back: ${lost.length} of the acknowledged are lost, ${twice.length} are there twice`)

  all.get(first.id)!.start()
  await leaderOf(ids)
  for (let tries = 0; tries < 250; tries++) {
    const [behind, ahead] = await Promise.all([statusOf(first.id), statusOf(second.id)])
    if (behind !== undefined && ahead !== undefined && behind.lastApplied >= ahead.lastApplied) {
      tell(first.id, `is back, and has caught up: ${behind.lastApplied} entries applied`)
      break
    }
    await sleep(20)
  }
  await client.close()
  if (lost.length > 0 || twice.length > 0) process.exitCode = 1
}

const folder = mkdtempSync(join(tmpdir(), "lockstep-demo-"))
try {
  const prepared = await prepare(folder)
  const all = new Map(ids.map((id) => {
    const args = ["serve", "--cluster", prepared.file, "--id", id, "--data", join(folder, id)]
    return [id, new ServerProcess(id, args, join(folder, `${id}.log`))]
  }))
  await Effect.runPromise(Effect.scoped(Effect.andThen(processes([...all.values()]), Effect.promise(() => demo(prepared, all)))))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
