import { mkdirSync, writeFileSync } from "node:fs"
import { cpus, release, totalmem } from "node:os"
import { join } from "node:path"
import { type MachineTime, machineTime } from "./process-cost.ts"

/** One line of a report: what was measured, and its figures by name. */
export interface Row {
  readonly name: string
  readonly figures: Readonly<Record<string, number | string>>
}

/** A row of numbers alone, of which there may be a median. */
export interface Measured extends Row {
  readonly figures: Readonly<Record<string, number>>
}

/** Pure: one row for each name, in the order of their first mention; each figure is the median of those of that name. */
export function medians(rows: readonly Measured[]): Row[] {
  return [...Map.groupBy(rows, ({ name }) => name)].map(([name, its]) => {
    const keys = Object.keys(its[0]?.figures ?? {})
    return {
      name,
      figures: Object.fromEntries(keys.map((key) => [key, median(its.map((row) => row.figures[key] ?? 0))])),
    }
  })
}

/** Pure: the middle one, of an even number the upper. */
function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0
}

let reportedAt = machineTime()

/**
 * Prints rows as a table and keeps them as JSON in `load-tests/results`, with what the machine was kept from meanwhile: figures of
 * an hour in which its host gives a third of the processors to others are of that hour.
 */
export function report(scenario: string, rows: readonly Row[]): void {
  const now = machineTime()
  const stolenPercent = stolenPart(reportedAt, now)
  reportedAt = now
  process.stdout.write(`\n${scenario}\n${format(rows)}of the processor time wanted ${stolenPercent} % was stolen\n`)
  const directory = join(import.meta.dirname, "..", "results")
  mkdirSync(directory, { recursive: true })
  const at = new Date().toISOString().replaceAll(":", "-").slice(0, 19)
  const machine = {
    cpus: cpus().length,
    model: cpus()[0]?.model,
    memoryBytes: totalmem(),
    kernel: release(),
    stolenPercent,
  }
  const path = join(directory, `${scenario}-${at}.json`)
  writeFileSync(path, JSON.stringify({ scenario, at, machine, node: process.version, rows }, undefined, 2))
  process.stderr.write(`kept in ${path}\n`)
}

/** Pure: of what a machine wanted between two looks, the part in percent that its host gave to others. */
export function stolenPart(before: MachineTime, after: MachineTime): number {
  const stolen = after.stolen - before.stolen
  const wanted = stolen + after.used - before.used
  return wanted > 0 ? Math.round((stolen / wanted) * 100) : 0
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
