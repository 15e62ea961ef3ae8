/** A disk as bad as a disk may be: at a power cut it forgets, in part or altogether, everything that was not synced. */
import * as Effect from "effect/Effect"
import { StorageError } from "../../src/shell/Storage.ts"
import type { Disk } from "../../src/shell/storage/Disk.ts"

type Write = { readonly offset: number; readonly bytes: Buffer } | { readonly length: number }

interface File {
  /** What a read sees. */
  content: Buffer
  durable: Buffer
  /** Not yet durable. */
  pending: Array<Write>
}

type Names = Map<string, File>
type FolderChange = (names: Names) => void

export type Operation = "write" | "truncate" | "sync" | "rename" | "remove" | "syncFolder"

/**
 * `fail`: it isn't done. `full`: a write is done in part. `lie`: the disk says that it is done. `stop`: whoever asked for it
 * ended just before.
 */
export type DiskFault = "fail" | "full" | "lie" | "stop"

/** `choose(n)` is below n. */
export type Choose = (n: number) => number

export class ForgetfulDisk implements Disk {
  readonly folder = "disk"
  /** Operations so far, except reading. */
  operations = 0
  /** What goes wrong with an operation; else it is done. Told before each. */
  fault: (operation: Operation, name: string, count: number) => DiskFault | undefined = () => undefined
  #files: Names = new Map()
  #durableFiles: Names = new Map()
  #pending: Array<FolderChange> = []

  /** The same disk after a power cut. Any part of what wasn't synced may be there, even without what was done before. */
  powerCut(choose: Choose): ForgetfulDisk {
    const disk = new ForgetfulDisk()
    const names: Names = new Map(this.#durableFiles)
    for (const change of this.#pending) if (choose(2) === 1) change(names)
    for (const [name, { durable, pending }] of names) {
      const content = pending.reduce<Buffer>((bytes, write) => survived(bytes, write, choose), durable)
      disk.put(name, content)
    }
    return disk
  }

  /** The same disk, when another process goes on with it: what was written is there, whether synced or not. */
  handedOver(): ForgetfulDisk {
    const disk = new ForgetfulDisk()
    disk.#files = this.#files
    disk.#durableFiles = this.#durableFiles
    disk.#pending = this.#pending
    return disk
  }

  /** The content of a file as it is read, to be damaged. */
  get(name: string): Buffer {
    return Buffer.from(this.#files.get(name)!.content)
  }

  /** A durable file. */
  put(name: string, content: Buffer): void {
    const file: File = { content, durable: content, pending: [] }
    this.#files.set(name, file)
    this.#durableFiles.set(name, file)
  }

  /** Removes a file as if it had never been. */
  lose(name: string): void {
    this.#files.delete(name)
    this.#durableFiles.delete(name)
  }

  get files(): ReadonlyArray<string> {
    return [...this.#files.keys()]
  }

  readonly names = Effect.sync(() => this.files)

  readonly read = (name: string) => Effect.sync(() => this.get(name))

  readonly write = (name: string, offset: number, bytes: Uint8Array) =>
    this.#operation("write", name, () => this.#change(name, { offset, bytes: Buffer.from(bytes) }), (fault) => {
      if (fault === "full") this.#change(name, { offset, bytes: Buffer.from(bytes.subarray(0, bytes.length / 2)) })
    })

  readonly truncate = (name: string, length: number) =>
    this.#operation("truncate", name, () => this.#change(name, { length }))

  readonly sync = (name: string) =>
    this.#operation("sync", name, () => {
      const file = this.#files.get(name)!
      file.durable = file.pending.reduce<Buffer>(written, file.durable)
      file.pending = []
    }, (fault) => {
      // As on Linux: the pages are still read, but count as written, and no later sync writes them.
      if (fault === "fail") this.#files.get(name)!.pending = []
    })

  readonly rename = (from: string, to: string) =>
    this.#operation("rename", from, () => {
      const file = this.#files.get(from)!
      this.#changeFolder((names) => {
        names.delete(from)
        names.set(to, file)
      })
    })

  readonly remove = (name: string) =>
    Effect.suspend(() =>
      this.#files.has(name)
        ? this.#operation("remove", name, () => this.#changeFolder((names) => void names.delete(name)))
        : Effect.fail(new StorageError({ kind: "failed", file: `disk/${name}`, reason: "can't remove: there is no such file" }))
    )

  readonly syncFolder = Effect.suspend(() =>
    this.#operation("syncFolder", "", () => {
      for (const change of this.#pending) change(this.#durableFiles)
      this.#pending = []
    })
  )

  #operation(operation: Operation, name: string, work: () => void, onFailure: (fault: DiskFault) => void = () => {}) {
    return Effect.suspend(() => {
      this.operations++
      const fault = this.fault(operation, name, this.operations)
      if (fault === "lie") return Effect.void
      if (fault !== undefined) {
        onFailure(fault)
        return Effect.fail(new StorageError({ kind: "failed", file: `disk/${name}`, reason: `can't ${operation}` }))
      }
      return Effect.sync(work)
    })
  }

  #change(name: string, write: Write): void {
    if (!this.#files.has(name)) {
      const file: File = { content: Buffer.alloc(0), durable: Buffer.alloc(0), pending: [] }
      this.#changeFolder((names) => void names.set(name, file))
    }
    const file = this.#files.get(name)!
    file.content = written(file.content, write)
    file.pending.push(write)
  }

  #changeFolder(change: FolderChange): void {
    change(this.#files)
    this.#pending.push(change)
  }
}

const written = (content: Buffer, write: Write): Buffer => {
  if ("length" in write) return content.subarray(0, write.length)
  const bytes = Buffer.alloc(Math.max(content.length, write.offset + write.bytes.length))
  bytes.set(content)
  bytes.set(write.bytes, write.offset)
  return bytes
}

/** Bytes that survive or don't survive together. */
const sector = 16

const survived = (content: Buffer, write: Write, choose: Choose): Buffer => {
  const how = choose(4)
  if (how === 0) return content
  if (how === 1 || "length" in write) return written(content, write)
  // Cut short; or with the length of the whole, and holes.
  if (how === 2) return written(content, { ...write, bytes: write.bytes.subarray(0, choose(write.bytes.length + 1)) })
  let bytes = written(content, { offset: write.offset + write.bytes.length, bytes: Buffer.alloc(0) })
  for (let at = 0; at < write.bytes.length; at += sector) {
    if (choose(2) === 1) bytes = written(bytes, { offset: write.offset + at, bytes: write.bytes.subarray(at, at + sector) })
  }
  return bytes
}
