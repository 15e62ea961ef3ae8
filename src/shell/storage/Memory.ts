/** Storage without a disk, for tests: the contract at its plainest. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Storage, type StorageRecord } from "../Storage.ts"
import { groupCommit } from "./GroupCommit.ts"
import { advance, blank } from "./Image.ts"

/** The records saved on `platter`, which outlives the servers that use it, as a disk does. */
export const layerMemory = (platter: Array<StorageRecord>) =>
  Layer.effect(Storage, Effect.suspend(() => {
    const found = blank()
    for (const record of platter) advance(found, record)
    const commit = (records: ReadonlyArray<StorageRecord>) => Effect.sync(() => void platter.push(...records))
    return groupCommit({ where: "memory", found, commit })
  }))
