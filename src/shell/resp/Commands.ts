/** All commands: the table, and what holds for each of them. */
import { type Client, type Command, type Later, type Surroundings, wrongNumber } from "./Command.ts"
import { connectionCommands } from "./ConnectionCommands.ts"
import { keyCommands } from "./KeyCommands.ts"
import { array, bulk, type Bytes, error, integer, map, nil, type RespValue, simple } from "./Resp.ts"
import { sessionCommands } from "./SessionCommands.ts"

/** What a client is answered. */
export const answer = (words: ReadonlyArray<Bytes>, client: Client, server: Surroundings): RespValue | Later => {
  const command = find(words[0]!)
  if (command === undefined) return unknown(words, client)
  if (words.length < Math.abs(command.arity) || (command.arity >= 0 && words.length > command.arity)) {
    return wrongNumber(words[0]!)
  }
  return tooLong(words, command, server) ?? command.run(words, client, server)
}

/** In upper case, as most clients write them. */
const find = (name: Bytes): Command | undefined => table.get(name) ?? table.get(name.toUpperCase())

const tooLong = (words: ReadonlyArray<Bytes>, { keys }: Command, { limits }: Surroundings): RespValue | undefined => {
  if (words.some((word) => word.length > limits.value)) return error(`ERR value longer than ${limits.value} bytes`)
  if (keys === undefined) return undefined
  const [first, last, step] = keys
  for (let at = first; at < words.length && (last < 0 || at <= last); at += step) {
    if (words[at]!.length > limits.key) return error(`ERR key longer than ${limits.key} bytes`)
  }
  return undefined
}

/** Redis has these, too. */
const unsupported = new Set(
  `ACL ASKING AUTH BGREWRITEAOF BGSAVE BITCOUNT BITFIELD BITFIELD_RO BITOP BITPOS BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH
  BZMPOP BZPOPMAX BZPOPMIN CLUSTER CONFIG COPY DBSIZE DEBUG DECR DECRBY DISCARD DUMP EVAL EVALSHA EVALSHA_RO EVAL_RO EXEC
  EXPIRE EXPIREAT EXPIRETIME FAILOVER FCALL FCALL_RO FLUSHALL FLUSHDB FUNCTION GEOADD GEODIST GEOHASH GEOPOS GEORADIUS
  GEORADIUSBYMEMBER GEORADIUSBYMEMBER_RO GEORADIUS_RO GEOSEARCH GEOSEARCHSTORE GETBIT GETDEL GETEX GETRANGE GETSET HDEL
  HEXISTS HGET HGETALL HINCRBY HINCRBYFLOAT HKEYS HLEN HMGET HMSET HRANDFIELD HSCAN HSET HSETNX HSTRLEN HVALS INCR INCRBY
  INCRBYFLOAT KEYS LASTSAVE LATENCY LCS LINDEX LINSERT LLEN LMOVE LMPOP LOLWUT LPOP LPOS LPUSH LPUSHX LRANGE LREM LSET
  LTRIM MEMORY MIGRATE MODULE MONITOR MOVE MSET MSETNX MULTI OBJECT PERSIST PEXPIRE PEXPIREAT PEXPIRETIME PFADD PFCOUNT
  PFMERGE PSETEX PSUBSCRIBE PSYNC PTTL PUBLISH PUBSUB PUNSUBSCRIBE RANDOMKEY READONLY READWRITE RENAME RENAMENX REPLCONF
  REPLICAOF RESTORE ROLE RPOP RPOPLPUSH RPUSH RPUSHX SADD SAVE SCAN SCARD SCRIPT SDIFF SDIFFSTORE SETBIT SETEX SETNX
  SETRANGE SHUTDOWN SINTER SINTERCARD SINTERSTORE SISMEMBER SLAVEOF SLOWLOG SMEMBERS SMISMEMBER SMOVE SORT SORT_RO SPOP
  SPUBLISH SRANDMEMBER SREM SSCAN SSUBSCRIBE SUBSCRIBE SUBSTR SUNION SUNIONSTORE SUNSUBSCRIBE SWAPDB SYNC TIME TOUCH TTL
  TYPE UNLINK UNSUBSCRIBE UNWATCH WAIT WAITAOF WATCH XACK XADD XAUTOCLAIM XCLAIM XDEL XGROUP XINFO XLEN XPENDING XRANGE
  XREAD XREADGROUP XREVRANGE XSETID XTRIM ZADD ZCARD ZCOUNT ZDIFF ZDIFFSTORE ZINCRBY ZINTER ZINTERCARD ZINTERSTORE
  ZLEXCOUNT ZMPOP ZMSCORE ZPOPMAX ZPOPMIN ZRANDMEMBER ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANGESTORE ZRANK ZREM
  ZREMRANGEBYLEX ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREVRANGE ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE ZUNION
  ZUNIONSTORE`.split(/\s+/)
)

const unknown = ([name, ...words]: ReadonlyArray<Bytes>, client: Client): RespValue => {
  const upper = name!.toUpperCase()
  if (unsupported.has(upper)) return error(`ERR ${upper} is not supported`)
  // As Redis: a web page can make its reader's browser speak to ports of his machine, in HTTP.
  if (upper === "POST" || upper === "HOST:") client.leaving = true
  let beginning = ""
  for (const word of words) {
    if (beginning.length >= 128) break
    beginning += `'${word.slice(0, 128 - beginning.length)}' `
  }
  return error(`ERR unknown command '${name!.slice(0, 128)}', with args beginning with: ${beginning}`)
}

/** As COMMAND tells of it. */
const describe = ([name, { arity, keys, writes }]: readonly [string, Command]): RespValue => {
  const flags = keys === undefined ? ["fast"] : [writes === true ? "write" : "readonly"]
  const nothing = array([])
  return array([
    bulk(name.toLowerCase()),
    integer(arity),
    array(flags.map(simple)),
    ...(keys ?? [0, 0, 0]).map(integer),
    // Categories, hints, what keys are for, and subcommands.
    nothing,
    nothing,
    nothing,
    nothing
  ])
}

const document = ([name, { summary }]: readonly [string, Command]): readonly [RespValue, RespValue] => [
  bulk(name.toLowerCase()),
  map([[bulk("summary"), bulk(summary)], [bulk("since"), bulk("1.0.0")], [bulk("group"), bulk("generic")]])
]

const about: Command = {
  arity: -1,
  summary: "COMMAND [COUNT | LIST | INFO [name ...] | DOCS [name ...]]: about commands.",
  run: ([, subcommand = "INFO", ...names]) => {
    const named = names.map((name): readonly [string, Command | undefined] => [name, find(name)])
    const found = names.length === 0
      ? [...table]
      : named.flatMap(([name, command]) => command === undefined ? [] : [[name, command] as const])
    switch (subcommand.toUpperCase()) {
      case "COUNT":
        return names.length > 0 ? wrongNumber("command|count") : integer(table.size)
      case "LIST":
        return names.length > 0
          ? error("ERR COMMAND LIST FILTERBY is not supported")
          : array([...table.keys()].map((name) => bulk(name.toLowerCase())))
      case "DOCS":
        return map(found.map(document))
      case "INFO":
        return names.length === 0
          ? array(found.map(describe))
          : array(named.map(([name, command]) => command === undefined ? nil : describe([name, command])))
      default:
        return error(`ERR unknown subcommand '${subcommand}'. Try COMMAND HELP.`)
    }
  }
}

const table: ReadonlyMap<string, Command> = new Map(
  Object.entries({ ...keyCommands, ...connectionCommands, ...sessionCommands, COMMAND: about })
)
