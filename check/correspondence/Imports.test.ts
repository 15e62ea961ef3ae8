// Goal: the pure core depends on nothing. Method: read every import of the sources.
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"

const root = fileURLToPath(new URL("../../", import.meta.url))

/** What each folder may import, besides itself: folders of the project, and whether packages and `node:`. */
const allowed: Readonly<Record<string, { readonly folders: ReadonlyArray<string>; readonly packages: boolean }>> = {
  "src/raft": { folders: [], packages: false },
  "src/kv": { folders: ["src/raft"], packages: false },
  "src/shell": { folders: ["src/raft", "src/kv"], packages: true },
  "src/client": { folders: ["src/raft", "src/kv", "src/shell"], packages: true },
  "check": { folders: ["src/raft", "src/kv", "src/shell", "src/client"], packages: true },
  "src/cli": { folders: ["src/raft", "src/kv", "src/shell", "src/client", "check"], packages: true }
}

const folderOf = (file: string): string | undefined =>
  Object.keys(allowed).find((folder) => file.startsWith(`${folder}/`))

/** Every import of `text`, the file of that name, that points the wrong way. */
const wrongWay = (file: string, text: string): ReadonlyArray<string> => {
  const folder = folderOf(file)!
  const { folders, packages } = allowed[folder]!
  return [...text.matchAll(/^(?:import|export)[^"'`;]*? from "([^"]+)"/gm)].flatMap(([, target]) => {
    if (!target!.startsWith(".")) return packages ? [] : [`${file}: ${target}`]
    const path = relative(root, join(root, dirname(file), target!)).split(sep).join("/")
    const to = folderOf(path)
    return to === folder || (to !== undefined && folders.includes(to)) || path.endsWith(".json") ? [] : [`${file}: ${target}`]
  })
}

it("imports point one way: src/raft <- src/kv <- src/shell <- check <- src/cli; the pure folders import no package", () => {
  const files = ["src", "check"].flatMap((top) =>
    readdirSync(join(root, top), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${top}/${name.split(sep).join("/")}`)
  )
  expect(files.length).toBeGreaterThan(100)
  expect(files.flatMap((file) => wrongWay(file, readFileSync(join(root, file), "utf8")))).toEqual([])
})

it("a wrong import is noticed", () => {
  expect(wrongWay("src/raft/X.ts", "import { Y } from \"../kv/Y.ts\"\n")).toHaveLength(1)
  expect(wrongWay("src/raft/X.ts", "import fs from \"node:fs\"\n")).toHaveLength(1)
  expect(wrongWay("src/kv/X.ts", "import type { Y } from \"../raft/Y.ts\"\n")).toHaveLength(0)
  expect(wrongWay("check/fuzz/X.ts", "import { Y } from \"../../src/cli/Y.ts\"\n")).toHaveLength(1)
})
