/** Nothing that is started here outlives this process, and no folder does, however it ends. */
import type { ChildProcess } from "node:child_process"
import { rmSync } from "node:fs"

const children = new Set<ChildProcess>()
const folders = new Set<string>()

process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL")
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
})
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130))

export const endWithUs = (child: ChildProcess): void => {
  children.add(child)
  child.once("exit", () => children.delete(child))
}

export const removeWithUs = (folder: string): void => {
  folders.add(folder)
}
