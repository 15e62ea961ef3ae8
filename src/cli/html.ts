/** `--html FILE`: what was found as a page (check/render/Page.ts). */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Flag from "effect/cli/Flag"
import { page } from "../../check/render/Page.ts"
import type { Picture } from "../../check/render/Picture.ts"
import type { ModelSpec } from "../../check/models/Table.ts"
import { badInput } from "./Ending.ts"
import { replaceFile } from "./replaceFile.ts"

export const html = Flag.String("html").pipe(
  Flag.withDescription("writes this file: one page, to be opened in a browser, that shows what was found"),
  Flag.optional
)

/** Refuses to draw what there are no pictures of. */
export const withPictures = (spec: ModelSpec, file: Option.Option<string>) =>
  spec.layer === "raft" || Option.isNone(file)
    ? Effect.void
    : Effect.fail(badInput(`--html: pictures are of servers of Raft, and ${spec.name} has none`))

/** Writes the page, if one is asked for. */
export const writePage = (file: Option.Option<string>, picture: () => Picture) =>
  Option.match(file, { onNone: () => Effect.void, onSome: (path) => replaceFile(path, page(picture())) })
