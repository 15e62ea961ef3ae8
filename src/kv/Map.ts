/** The sequential map: what an operation does when nothing else happens. Twin of spec/Map.tla. */
import * as Table from "./Table.ts"

/** What a client asks for. An absent key is a value of its own, written null. */
export type Operation =
  | { readonly op: "get"; readonly key: string }
  | { readonly op: "put"; readonly key: string; readonly value: string }
  | { readonly op: "append"; readonly key: string; readonly value: string }
  | { readonly op: "cas"; readonly key: string; readonly from: string | null; readonly to: string }
  | { readonly op: "delete"; readonly key: string }

/** The value read (get), whether the value was swapped (cas), whether the key was there (delete), else null. */
export type Response = string | boolean | null

/** The value of each key that is there. */
export type Data = Table.Table<string, string>

/** The key's value; null when absent. */
export const valueOf = (data: Data, key: string): string | null => Table.get(data, key) ?? null

/** The map after the operation, and the answer. */
export const execute = (data: Data, operation: Operation): { readonly data: Data; readonly response: Response } => {
  const { key } = operation
  switch (operation.op) {
    // KV.Get: the value, or null.
    case "get":
      return { data, response: valueOf(data, key) }
    // KV.Put: whatever was there.
    case "put":
      return { data: Table.set(data, key, operation.value), response: null }
    // KV.Append: to an absent key it is a Put.
    case "append":
      return { data: Table.set(data, key, (valueOf(data, key) ?? "") + operation.value), response: null }
    // KV.Cas: only from the value expected; from null, only when absent.
    case "cas":
      return valueOf(data, key) === operation.from
        ? { data: Table.set(data, key, operation.to), response: true }
        : { data, response: false }
    // KV.Delete: tells whether the key was there.
    case "delete":
      return valueOf(data, key) === null ? { data, response: false } : { data: Table.remove(data, key), response: true }
  }
}
