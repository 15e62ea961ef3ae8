/**
 * What a cluster is started with. It is the same for all of its servers: what differs between them (addresses, where the
 * data is) isn't part of it.
 */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type { ServerId } from "../raft/Server.ts"

const Count = Schema.Int.check(Schema.makeFilter((n) => n >= 1 || "expected at least 1"))
const Milliseconds = Schema.Number.check(
  Schema.makeFilter((ms) => (Number.isFinite(ms) && ms > 0) || "expected milliseconds, more than 0")
)
const Id = Schema.String.check(
  Schema.makeFilter((id) => /^s[1-9][0-9]*$/.test(id) || "expected an id like s1")
)

/** `Settings` of src/raft/Server.ts. */
export const SettingsSchema = Schema.Struct({
  maxBatchBytes: Count,
  maxInflight: Count,
  maxUncommittedBytes: Count,
  chunkSize: Count,
  preVote: Schema.Boolean,
  checkQuorum: Schema.Boolean
})

export const Configuration = Schema.Struct({
  /** Sorted, as the core has them. */
  servers: Schema.Array(Id).check(
    Schema.makeFilter((ids) => {
      if (ids.length === 0) return "expected at least one server"
      const twice = ids.find((id, n) => ids.indexOf(id) !== n)
      if (twice !== undefined) return `${twice} is there twice`
      return ids.every((id, n) => n === 0 || ids[n - 1]! < id) || "expected sorted ids"
    })
  ),
  /** Each timeout is chosen anew, at least `min` and less than `max` (5.2; equal: always that); in milliseconds. */
  electionTimeout: Schema.Struct({ min: Milliseconds, max: Milliseconds }),
  /** In milliseconds. */
  heartbeatInterval: Milliseconds,
  /** A server takes a snapshot when its log measures as many bytes (`snapshotIsDue`); -1: never. */
  maxRaftStateBytes: Schema.Int.check(Schema.makeFilter((n) => n >= -1 || "expected bytes, or -1 for never")),
  settings: SettingsSchema
}).check(
  Schema.makeFilter(({ electionTimeout: { max, min }, heartbeatInterval }) => [
    ...(max < min ? [{ path: ["electionTimeout", "max"], issue: `${max} is less than min, ${min}` }] : []),
    // Else followers campaign against a leader that is well.
    ...(min <= heartbeatInterval
      ? [{ path: ["electionTimeout", "min"], issue: `${min} is not more than heartbeatInterval, ${heartbeatInterval}` }]
      : [])
  ])
)
export type Configuration = typeof Configuration.Type

/** A cluster can't be started with this. Nothing has been; a person mends it. */
export class ConfigurationError extends Data.TaggedError("ConfigurationError")<{
  /** All that is wrong: which field, as a path (`settings.chunkSize`; "": the whole), and why. */
  readonly problems: ReadonlyArray<{ readonly field: string; readonly reason: string }>
}> {
  override readonly message = `configuration: ${
    this.problems.map(({ field, reason }) => field === "" ? reason : `${field}: ${reason}`).join("; ")
  }`
  override readonly [Runtime.errorExitCode] = 2
}

const decode = Schema.decodeUnknownResult(Configuration, { onExcessProperty: "error", errors: "all" })
const problemsOf = SchemaIssue.makeFormatterStandardSchemaV1()

/** The configuration in `input`, or all that is wrong with it. */
export const readConfiguration = (input: unknown): Result.Result<Configuration, ConfigurationError> =>
  Result.mapError(decode(input), ({ issue }) =>
    new ConfigurationError({
      problems: problemsOf(issue).issues.map(({ message, path = [] }) => ({
        field: path.map((step) => String(typeof step === "object" ? step.key : step)).join("."),
        reason: message
      }))
    }))

/**
 * What keeps servers with these configurations from being one cluster; `undefined`: nothing does, they are all the same.
 * One server with other settings can do what the others count on not happening (DECISIONS 51).
 */
export const disagreement = (
  configurations: ReadonlyMap<ServerId, Configuration>
): ConfigurationError | undefined => {
  const [first, ...others] = [...configurations]
  const problems = others.flatMap(([id, configuration]) =>
    differences(first![1], configuration).map((field) => ({
      field,
      reason: `${id} has ${JSON.stringify(at(configuration, field))}, ${first![0]} has ${JSON.stringify(at(first![1], field))}`
    }))
  )
  return problems.length === 0 ? undefined : new ConfigurationError({ problems })
}

const at = (value: unknown, field: string): unknown =>
  field.split(".").reduce((inner, name) => (inner as Record<string, unknown>)[name], value)

/** The fields in which they differ, as paths. */
const differences = (a: unknown, b: unknown, path: ReadonlyArray<string> = []): ReadonlyArray<string> => {
  if (a === b) return []
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return [path.join(".")]
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((name) =>
    differences(at(a, name), at(b, name), [...path, name])
  )
}
