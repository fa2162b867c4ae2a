/**
 * Runs simulated worlds: `npm run simulate -- --seeds 1000 [--from 1] [--workers 2]`, or one of them with all that happened
 * in it: `npm run simulate -- --seed 42`. Exits with 1 when a promise was broken in any of them. With `--mutations`, rules
 * are broken on purpose, and it exits with 1 when that is not found out.
 */
import { parseArgs } from "node:util"
import { Worker } from "node:worker_threads"
import { createLog, type Log } from "@wick/sdk/log"
import { findMutant } from "./mutant-search.ts"
import { mutations } from "./mutation.ts"
import type { Share, Tally } from "./seed-worker.ts"
import { outsideOfPromises } from "./timeline.ts"
import { runWorld } from "./world.ts"

const failuresShown = 10
const messageShown = 600
const hourMs = 3_600_000

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    workers: { type: "string", default: "2" },
    seed: { type: "string" },
    log: { type: "boolean", default: false },
    mutations: { type: "boolean", default: false },
  },
})

if (values.mutations) process.exitCode = await runMutations()
else process.exitCode = values.seed === undefined ? await runMany() : await runOne(Number(values.seed), values.log)

/** Whether rules that are broken on purpose are found out, each within its number of seeds. */
async function runMutations(): Promise<number> {
  let missed = 0
  for (const { name, seedsMax } of mutations) {
    const { seed, message } = await findMutant({ mutation: name, seeds: seedsMax })
    if (seed === undefined) missed++
    const found = seed === undefined ? `not found in ${seedsMax} seeds` : `seed ${seed}: ${message.split("\n")[0]}`
    process.stdout.write(`${name}: ${found.slice(0, messageShown)}\n`)
  }
  return missed === 0 ? 0 : 1
}

/** What happened in one world, and again to show that it always does. */
async function runOne(seed: number, logs: boolean): Promise<number> {
  const write = (line: string): void => void process.stdout.write(`${line}\n`)
  const report: Log = createLog({ level: logs ? "debug" : "error", write, now: () => 0, format: "text" })
  const { events, failure, ...outcome } = await outsideOfPromises(() => runWorld({ seed, ...(logs ? { report } : {}) }))
  for (const event of events) write(event)
  const { simulatedMs, operations, entries, terms, trace } = outcome
  write(
    `seed ${seed}: ${(simulatedMs / 1000).toFixed(1)} s, ${operations} operations, ${entries} entries, ${terms} terms`,
  )
  const again = await outsideOfPromises(() => runWorld({ seed }))
  write(`trace ${trace}${again.trace === trace ? ", the same when run again" : `, BUT ${again.trace} WHEN RUN AGAIN`}`)
  if (failure !== undefined) write(failure.stack ?? failure.message)
  return failure === undefined && again.trace === trace ? 0 : 1
}

async function runMany(): Promise<number> {
  const from = Number(values.from)
  const until = from + Number(values.seeds)
  const workers = Number(values.workers)
  const tallies: Tally[] = []
  const startMs = performance.now()
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => process.exit(report(tallies, startMs)))
  }
  const shares = Array.from({ length: workers }, (_, at): Share => ({ from: from + at, until, step: workers }))
  await Promise.all(
    shares.map((share) =>
      work(share, (tally) => {
        tallies.push(tally)
        for (const { seed, message } of tally.failures) tellFailure(tallies, seed, message)
        progress(tallies, startMs)
      }),
    ),
  )
  return report(tallies, startMs)
}

/** Of what was run so far. */
function report(tallies: readonly Tally[], startMs: number): number {
  const seeds = tallies.flatMap(({ failures }) => failures.map(({ seed }) => seed)).sort((a, b) => a - b)
  process.stdout.write(`\n${summary(tallies, startMs)}\n`)
  if (seeds.length > 0) process.stdout.write(`seeds that failed: ${seeds.join(" ")}\n`)
  return seeds.length === 0 ? 0 : 1
}

function work(share: Share, onTally: (tally: Tally) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./seed-worker.ts", import.meta.url), { workerData: share })
    worker.on("message", onTally)
    worker.on("error", reject)
    worker.on("exit", () => resolve())
  })
}

function tellFailure(tallies: readonly Tally[], seed: number, message: string): void {
  const count = tallies.reduce((sum, { failures }) => sum + failures.length, 0)
  if (count > failuresShown) return
  process.stdout.write(`\nseed ${seed}: ${message.slice(0, messageShown)}\n`)
  process.stdout.write(`  run it alone: npm run simulate -- --seed ${seed}\n`)
}

function progress(tallies: readonly Tally[], startMs: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${summary(tallies, startMs)} `)
}

function summary(tallies: readonly Tally[], startMs: number): string {
  const sum = (of: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + of(tally), 0)
  const seconds = (performance.now() - startMs) / 1000
  const seeds = sum((tally) => tally.seeds)
  const hours = (sum((tally) => tally.simulatedMs) / hourMs).toFixed(1)
  const operations = sum((tally) => tally.operations)
  const terms = sum((tally) => tally.terms)
  return (
    `${seeds} seeds in ${seconds.toFixed(0)} s (${(seeds / seconds).toFixed(1)}/s): ${hours} simulated hours, ` +
    `${operations} operations, ${terms} terms, ${sum((tally) => tally.undecided)} histories undecided, ` +
    `${sum((tally) => tally.failures.length)} failed`
  )
}
