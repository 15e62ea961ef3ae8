/**
 * A mutant is a mistake as data: named textual replacements in the sources, made while a module is loaded (hooks.ts) or
 * in the copy of the specification that TLC gets (Workshop.ts). The sources themselves know nothing of it.
 */

/** One replacement. `from` occurs exactly once in the file. */
export interface Edit {
  /** From the project's folder, with slashes: `src/raft/Election.ts`, `spec/Election.tla`. */
  readonly file: string
  readonly from: string
  readonly to: string
}

/** What an exploration must find: the property violated, or the predicate never reached, in this model. */
export interface Expected {
  readonly model: string
  /** A property of check/raft/Properties.ts, a predicate of the model's must-reach list, or `Dead`. */
  readonly name: string
}

/** A mistake in the core, or in the shell. */
export interface Mutant {
  /** `E` election, `R` replication, `F` flow, `C` commit, `S` snapshot, `P` persistence, and a number; or a rule's own. */
  readonly id: string
  /** The rule that it breaks, by its id in the sources. */
  readonly rule: string
  /** What it does wrong. */
  readonly title: string
  readonly edits: ReadonlyArray<Edit>
  /** The same mistake in the specification: together they are a paired mutant. */
  readonly spec?: ReadonlyArray<Edit>
  /** Another way to do it, right by itself, in which alone the mistake can be made. It comes before the edits. */
  readonly given?: Variant
  /**
   * What the explorer must find, each for itself; of a pair, TLC must find the properties, too. Nothing where no step of
   * a server is wrong, only how it is carried out, or where it is wrong and breaks no property.
   */
  readonly expected: ReadonlyArray<Expected>
  /** Commands whose trace shows it, where random executions end too early, or never come there. */
  readonly story?: ReadonlyArray<string>
}

/** The same change in the code and in the specification. */
export interface Variant {
  readonly title: string
  readonly code: ReadonlyArray<Edit>
  readonly spec: ReadonlyArray<Edit>
}

/** A mistake in a checker. */
export interface Watcher {
  readonly id: string
  readonly title: string
  readonly edits: ReadonlyArray<Edit>
  /** The negative check that must fail (Negatives.ts), by name. */
  readonly noticedBy: string
  /** Whether that check runs TLC. */
  readonly needsTlc: boolean
  /** `deep`: one of many of its kind, not made in `lockstep check`. */
  readonly scope?: "check" | "deep"
}

/** The mutant can't be made: the fault is in the zoo, not in what it tests. */
export class MutantError extends Error {}

/**
 * The texts of the files that the edits change, by file; one after the other, so later edits see what earlier ones did.
 * `read` gives a file's text. Throws a `MutantError` that names file and mutant when an edit doesn't apply.
 */
export const mutate = (
  id: string,
  edits: ReadonlyArray<Edit>,
  read: (file: string) => string
): ReadonlyMap<string, string> => {
  const texts = new Map<string, string>()
  for (const { file, from, to } of edits) {
    const text = texts.get(file) ?? read(file)
    const places = from === "" ? 0 : text.split(from).length - 1
    if (places !== 1) {
      const first = from.split("\n")[0]!
      throw new MutantError(`${file}: mutant ${id} replaces "${first}", which occurs ${places} times there, not once`)
    }
    texts.set(file, text.replace(from, () => to))
  }
  return texts
}
