/**
 * Preloaded (`--import`) into a process that runs mutated sources: $LOCKSTEP_MUTANT is a file with the texts to load in
 * the place of those on disk, by URL. What is imported with `?original`, and whatever that imports, is loaded under such
 * URLs, too, beside the mutant.
 */
import { readFileSync } from "node:fs"
import { registerHooks } from "node:module"

const texts = JSON.parse(readFileSync(process.env["LOCKSTEP_MUTANT"]!, "utf8")) as Readonly<Record<string, string>>
const original = "?original"

registerHooks({
  resolve: (specifier, context, next) => {
    const resolved = next(specifier, context)
    return context.parentURL?.endsWith(original) === true && specifier.startsWith(".")
      ? { ...resolved, url: `${resolved.url}${original}` }
      : resolved
  },
  load: (url, context, next) => {
    const loaded = next(url, context)
    const text = texts[url]
    return text === undefined ? loaded : { ...loaded, source: text }
  }
})
