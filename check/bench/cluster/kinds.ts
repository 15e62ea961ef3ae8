/** What makes a cluster etcd's or ours: how a server is started, and what it calls what it says of itself. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Kind } from "./Cluster.ts"

/** etcd as Debian packages it, with nothing set but names and addresses: it syncs each commit unless told otherwise. */
export const etcd: Kind = {
  name: "etcd",
  command: (me, all, _, data) => {
    const [clients, peers] = [`http://127.0.0.1:${me.clients}`, `http://127.0.0.1:${me.peers}`]
    return [
      "etcd",
      ...["--name", me.id, "--data-dir", data],
      ...["--listen-client-urls", clients, "--advertise-client-urls", clients],
      ...["--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers],
      ...["--initial-cluster", all.map((member) => `${member.id}=http://127.0.0.1:${member.peers}`).join()]
    ]
  },
  metricsPort: ({ clients }) => clients,
  metrics: {
    leads: "etcd_server_is_leader",
    led: "etcd_server_has_leader",
    syncs: "etcd_disk_wal_fsync_duration_seconds_count",
    elections: "etcd_server_leader_changes_seen_total",
    applied: "etcd_server_proposals_applied_total"
  }
}

/** The built package, as its user starts it. */
export const lockstepProgram = fileURLToPath(new URL("../../../dist/src/cli/main.js", import.meta.url))

/** The file that all servers and the command line are given. */
export const clusterFile = (folder: string): string => join(folder, "cluster.json")

/** Ours, with nothing set but names and addresses, and `more` fields of the cluster file; its storage is the file log. */
export const lockstep = (more: object = {}, nodeFlags: ReadonlyArray<string> = []): Kind => ({
  name: "lockstep",
  command: (me, all, folder, data) => {
    const servers = Object.fromEntries(all.map(({ clients, http, id, peers }) => [id, {
      peers: `127.0.0.1:${peers}`,
      clients: `127.0.0.1:${clients}`,
      http: `127.0.0.1:${http}`
    }]))
    writeFileSync(clusterFile(folder), JSON.stringify({ cluster: "bench", servers, storage: "file", ...more }))
    const flags = ["--cluster", clusterFile(folder), "--id", me.id, "--data", data]
    return [process.execPath, ...nodeFlags, lockstepProgram, "serve", ...flags]
  },
  metricsPort: ({ http }) => http,
  metrics: {
    leads: "lockstep_is_leader",
    led: "lockstep_has_leader",
    syncs: "lockstep_saves_total",
    elections: "lockstep_term",
    applied: "lockstep_last_applied"
  }
})
