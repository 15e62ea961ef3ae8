/** `--html FILE`: what was found as a page (check/render/Page.ts). */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Flag from "effect/cli/Flag"
import { page } from "../../check/render/Page.ts"
import type { Picture } from "../../check/render/Picture.ts"
import { replaceFile } from "./replaceFile.ts"

export const html = Flag.String("html").pipe(
  Flag.withDescription("writes this file: one page, to be opened in a browser, that shows what was found"),
  Flag.optional
)

/** Writes the page, if one is asked for. */
export const writePage = (file: Option.Option<string>, picture: () => Picture) =>
  Option.match(file, { onNone: () => Effect.void, onSome: (path) => replaceFile(path, page(picture())) })
