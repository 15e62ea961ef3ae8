/**
 * A picture as one HTML file that needs nothing else: style, script and data are in it, it may load nothing (its
 * Content-Security-Policy says so), and opens from a disk as from a server.
 */
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import { gzipSync } from "node:zlib"
import type { Picture } from "./Picture.ts"

/** The script's modules, each after those that it imports. */
const modules = ["../Picture", "../Columns", "Scene", "ObjectScene", "StoryScene", "CourseScene", "Shapes", "Viewport", "View", "Overview", "Details", "Legend", "Gestures", "main"]

const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js"
const source = (name: string) => readFileSync(new URL(`./browser/${name}`, import.meta.url), "utf8")

/** The page of a picture. */
export const page = (picture: Picture): string => {
  const [style, script] = [source("page.css"), code()]
  const policy = `default-src 'none'; style-src '${digest(style)}'; script-src '${digest(script)}'`
  const parts: Readonly<Record<string, string>> = {
    title: escaped(picture.title),
    policy,
    style,
    script,
    // Compressed, and in letters that mean nothing in HTML: what a client has written cannot become a part of the page.
    data: gzipSync(JSON.stringify(picture)).toString("base64")
  }
  return source("page.html").replaceAll(/<!--(\w+)-->|\{\{(\w+)\}\}/g, (_, a: string, b: string) => parts[a ?? b]!)
}

const digest = (text: string) => `sha256-${createHash("sha256").update(text).digest("base64")}`

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "'": "&#39;" }
const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (c) => entities[c]!)

/**
 * The modules as one script: with their imports and exports gone they share one scope, so no two may have the same name
 * for different things.
 */
const code = (): string =>
  modules.map((name) => withoutTypes(source(`${name}${extension}`)))
    .join("\n")
    .replaceAll(/^import .*$/gm, "")
    .replaceAll(/^export (?=const|class|function)/gm, "")

const withoutTypes = (text: string): string => {
  if (extension === ".js") return text
  // Node strips types from every file it loads, but warns that the function for it is experimental.
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(text)
  } finally {
    process.emitWarning = emitWarning
  }
}
