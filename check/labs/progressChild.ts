/** The process that has loaded a mutant: whether progress fails there. Prints the first reason, or nothing. */
import { progress } from "./Progress.ts"

const { failures } = progress(Number(process.argv[2]), 1, (_, failed) => failed > 0)
process.stdout.write(failures[0] ?? "")
