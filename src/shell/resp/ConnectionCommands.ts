/** Commands about the connection and the server. They change no key and read none, and are answered by any server. */
import * as Effect from "effect/Effect"
import packageJson from "../../../package.json" with { type: "json" }
import type { Status } from "../Replica.ts"
import { type Client, type Command, type Later, ok, type Surroundings, syntaxError, wrongNumber } from "./Command.ts"
import { array, bulk, type Bytes, error, integer, map, nil, readInteger, type RespValue, simple } from "./Resp.ts"

/** Whose answers ours are like, for clients that ask what they can use. */
const redisVersion = "7.2.0"

const notSupported = (what: string): RespValue => error(`ERR ${what} is not supported`)

const noPasswords = "AUTH is not supported: there are no passwords, TLS certificates say who may connect"

/** As Redis: what would not fit into a line of CLIENT LIST is refused. */
const printable = (text: Bytes): boolean => /^[!-~]*$/.test(text)

const unprintable = (what: string): RespValue =>
  error(`ERR ${what} cannot contain spaces, newlines or special characters.`)

const hello = ([, version, ...options]: ReadonlyArray<Bytes>, client: Client): RespValue => {
  const protocol = version === undefined ? client.protocol : readInteger(version)
  if (protocol === undefined) return error("ERR Protocol version is not an integer or out of range")
  if (protocol !== 2 && protocol !== 3) return error("NOPROTO unsupported protocol version")
  let { name } = client
  for (let at = 0; at < options.length;) {
    const option = options[at]!.toUpperCase()
    if (option === "AUTH" && at + 2 < options.length) return error(`ERR ${noPasswords}`)
    if (option !== "SETNAME" || at + 1 >= options.length) return syntaxError
    name = options[at + 1]!
    if (!printable(name)) return unprintable("Client names")
    at += 2
  }
  client.protocol = protocol
  client.name = name
  return map([
    [bulk("server"), bulk("lockstep")],
    [bulk("version"), bulk(redisVersion)],
    [bulk("proto"), integer(protocol)],
    [bulk("id"), integer(client.id)],
    [bulk("mode"), bulk("standalone")],
    // Every server takes every command, so a client need not look for another one.
    [bulk("role"), bulk("master")],
    [bulk("modules"), array([])]
  ])
}

const describeClient = (client: Client, now: number): string => {
  const { address, id, library, name, protocol, since } = client
  const age = Math.floor((now - since) / 1000)
  return `id=${id} addr=${address} name=${name} age=${age} db=0 user=default resp=${protocol}` +
    ` lib-name=${library.name} lib-ver=${library.version}`
}

const client: Command["run"] = ([, subcommand, ...rest], self, server) => {
  const name = subcommand!.toUpperCase()
  const wrong = wrongNumber(`client|${name}`)
  switch (name) {
    case "ID":
      return rest.length === 0 ? integer(self.id) : wrong
    case "GETNAME":
      return rest.length > 0 ? wrong : self.name === "" ? nil : bulk(self.name)
    case "SETNAME":
      if (rest.length !== 1) return wrong
      if (!printable(rest[0]!)) return unprintable("Client names")
      self.name = rest[0]!
      return ok
    case "SETINFO": {
      if (rest.length !== 2) return wrong
      const attribute = rest[0]!.toLowerCase()
      if (attribute !== "lib-name" && attribute !== "lib-ver") return error(`ERR Unrecognized option '${rest[0]}'`)
      if (!printable(rest[1]!)) return unprintable(attribute)
      self.library[attribute === "lib-name" ? "name" : "version"] = rest[1]!
      return ok
    }
    case "INFO":
      return rest.length === 0 ? bulk(`${describeClient(self, server.now())}\n`) : wrong
    case "LIST":
      if (rest.length > 0) return notSupported("CLIENT LIST with options")
      return bulk(server.clients().map((one) => `${describeClient(one, server.now())}\n`).join(""))
    default:
      return /^(CACHING|GETREDIR|KILL|NO-EVICT|NO-TOUCH|PAUSE|REPLY|TRACKING|TRACKINGINFO|UNBLOCK|UNPAUSE)$/.test(name)
        ? notSupported(`CLIENT ${name}`)
        : error(`ERR unknown subcommand '${subcommand}'. Try CLIENT HELP.`)
  }
}

const sections = (status: Status, server: Surroundings): ReadonlyArray<readonly [name: string, fields: object]> => [
  ["Server", {
    redis_version: redisVersion,
    redis_mode: "standalone",
    lockstep_version: packageJson.version,
    process_id: process.pid,
    uptime_in_seconds: Math.floor((server.now() - server.startedAt) / 1000)
  }],
  ["Clients", { connected_clients: server.clients().length, maxclients: server.maxClients }],
  ["Replication", {
    // For clients that look for a server to write to: any will do.
    role: "master",
    raft_id: status.id,
    raft_role: status.role,
    raft_term: status.term,
    raft_leader: status.leader ?? "",
    raft_leader_address: status.leader === null ? "" : server.addresses.get(status.leader) ?? "",
    raft_commit_index: status.commitIndex,
    raft_last_applied: status.lastApplied,
    raft_last_index: status.lastIndex,
    raft_snapshot_index: status.snapshotIndex,
    raft_log_bytes: status.logBytes,
    raft_waiting_clients: status.waiting,
    raft_sessions: status.sessions
  }],
  ["Keyspace", status.keys === 0 ? {} : { db0: `keys=${status.keys},expires=0,avg_ttl=0` }]
]

/** As this server knows it, which may be old news: it asks nobody. */
const info = ([, ...names]: ReadonlyArray<Bytes>, _: Client, server: Surroundings): Later => ({
  type: "later",
  alone: true,
  answer: Effect.map(server.replica.status, (status) => {
    const wanted = names.map((name) => name.toLowerCase())
    const all = wanted.length === 0 || wanted.some((name) => ["all", "default", "everything"].includes(name))
    return bulk(
      sections(status, server)
        .filter(([name]) => all || wanted.includes(name.toLowerCase()))
        .map(([name, fields]) =>
          [`# ${name}`, ...Object.entries(fields).map(([field, value]) => `${field}:${value}`), ""].join("\r\n"))
        .join("\r\n")
    )
  })
})

export const connectionCommands: Readonly<Record<string, Command>> = {
  PING: {
    arity: -1,
    summary: "PONG, or the word given.",
    run: ([, word, ...others]) =>
      others.length > 0 ? wrongNumber("ping") : word === undefined ? simple("PONG") : bulk(word)
  },
  ECHO: {
    arity: 2,
    summary: "The word given.",
    run: ([, word]) => bulk(word!)
  },
  HELLO: {
    arity: -1,
    summary: "HELLO [2 | 3 [SETNAME name]]: chooses the protocol; says who is speaking.",
    run: hello
  },
  CLIENT: {
    arity: -2,
    summary: "CLIENT ID | GETNAME | SETNAME name | SETINFO LIB-NAME|LIB-VER word | INFO | LIST: about connections.",
    run: client
  },
  INFO: {
    arity: -1,
    summary: "INFO [section ...]: what this server knows of itself and its cluster.",
    run: info
  },
  SELECT: {
    arity: 2,
    summary: "SELECT 0. There is one database.",
    run: ([, word]) => {
      const database = readInteger(word!)
      if (database === undefined) return error("ERR value is not an integer or out of range")
      return database === 0 ? ok : error("ERR DB index is out of range")
    }
  },
  RESET: {
    arity: 1,
    summary: "Makes the connection as it was at first.",
    run: (_, self) => {
      self.protocol = 2
      self.name = ""
      return simple("RESET")
    }
  },
  QUIT: {
    arity: -1,
    summary: "Closes the connection.",
    run: (_, self) => {
      self.leaving = true
      return ok
    }
  }
}
