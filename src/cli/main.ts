#!/usr/bin/env node
/** `lockstep`: the command line. */
import { enableCompileCache } from "node:module"

// The second start finds the modules compiled.
enableCompileCache()

const [command, ...args] = process.argv.slice(2)

/** Whether it is a command for which there is a quick way, and that has done it all. */
const quickly = async (): Promise<boolean> => {
  switch (command) {
    case "verify":
      return (await import("./quickly.ts")).verify(args)
    case "get":
    case "put":
    case "append":
    case "cas":
    case "delete":
      return (await import("./askingQuickly.ts")).askQuickly(command, args)
    default:
      return false
  }
}

if (!(await quickly())) await import("./lockstep.ts")
