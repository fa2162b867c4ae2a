import { mkdirSync, writeFileSync } from "node:fs"
import { cpus, release, totalmem } from "node:os"
import { join } from "node:path"

/** One line of a report: what was measured, and its figures by name. */
export interface Row {
  readonly name: string
  readonly figures: Readonly<Record<string, number | string>>
}

/** Prints rows as a table and keeps them as JSON in `load-tests/results`. */
export function report(scenario: string, rows: readonly Row[]): void {
  process.stdout.write(`\n${scenario}\n${format(rows)}`)
  const directory = join(import.meta.dirname, "..", "results")
  mkdirSync(directory, { recursive: true })
  const at = new Date().toISOString().replaceAll(":", "-").slice(0, 19)
  const machine = { cpus: cpus().length, model: cpus()[0]?.model, memoryBytes: totalmem(), kernel: release() }
  const path = join(directory, `${scenario}-${at}.json`)
  writeFileSync(path, JSON.stringify({ scenario, at, machine, node: process.version, rows }, undefined, 2))
  process.stderr.write(`kept in ${path}\n`)
}

/** Pure: columns are the union of all figures, in the order of their first mention. */
export function format(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))]
  const lines = [
    ["", ...names],
    ...rows.map(({ name, figures }) => [name, ...names.map((key) => String(figures[key] ?? ""))]),
  ]
  const widths = lines[0]?.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0))) ?? []
  const pad = (text: string, at: number): string =>
    at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0)
  return lines.map((line) => `${line.map(pad).join("  ")}\n`).join("")
}
