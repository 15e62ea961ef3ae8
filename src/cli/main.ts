#!/usr/bin/env node
/** `lockstep`: the command line. */
import { enableCompileCache } from "node:module"

// The second start finds the modules compiled.
enableCompileCache()

const [command, ...args] = process.argv.slice(2)
if (command !== "verify" || !(await (await import("./quickly.ts")).verify(args))) await import("./lockstep.ts")
