/** Rewrites one line on a terminal's stderr; the empty line removes it. Elsewhere writes nothing. */
export const progress = (line: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`)
}
