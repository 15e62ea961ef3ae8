/** Plain text: tables and numbers. */

/** Columns padded to their widest cell; those whose cells are all numbers are set flush right. */
export const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = head.map((h, c) => Math.max(h.length, ...rows.map((r) => (r[c] ?? "").length)))
  const right = head.map((_, c) => rows.every((r) => /^(-|[\d,.]+)?( s)?$/.test(r[c] ?? "")))
  const line = (cells: ReadonlyArray<string>) =>
    widths.map((w, c) => right[c] ? (cells[c] ?? "").padStart(w) : (cells[c] ?? "").padEnd(w)).join("  ").trimEnd()
  return [line(head), widths.map((w) => "─".repeat(w)).join("  "), ...rows.map(line)].join("\n")
}

/** 1234567 as 1,234,567. (Without the tables of the world's languages, which take a while to load.) */
export const grouped = (n: number): string => String(Math.round(n)).replaceAll(/\B(?=(?:\d{3})+$)/g, ",")

export const seconds = (s: number): string => `${s.toFixed(1)} s`
