/** The process that has loaded a mutant: whether progress fails there. Prints the first reason, or nothing. */
import { progress } from "./Progress.ts"

const { failures } = await progress({ runs: Number(process.argv[2]), seed: 1, endOnFailure: true })
process.stdout.write(failures[0] ?? "")
