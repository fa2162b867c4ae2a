import { administratorToken, createMany, removeAll, removeObjects } from "../api-objects.ts"
import type { Platform } from "../platform.ts"
import { residentBytes } from "../process-cost.ts"
import { type Row, report } from "../report.ts"
import { openWatches } from "../watching.ts"
import { fanOut, watchedPath } from "./api-fan-out.ts"

/** What opening a watch needed for a moment is no cost of keeping it. */
const settleMs = 20_000
const heldObjects = 100_000

/** Watches: what an event costs that a thousand follow, and what watching costs when nothing happens; then many objects. */
export async function apiWatch(platform: Platform): Promise<void> {
  await removeAll(platform)
  const token = await administratorToken(platform)
  const rows = await fanOut(platform, token)
  // What is there would be sent to each of the next watches.
  await removeObjects(platform)
  rows.push(await idleWatches(platform, token, 10_000))
  rows.push(await manyObjects(platform))
  await removeAll(platform)
  report("api-watch", rows)
}

async function idleWatches(platform: Platform, token: string, watchers: number): Promise<Row> {
  const before = residentBytes([platform.controlPid])
  const { api, authority } = platform
  await using _watching = await openWatches({ api, authority, token, path: watchedPath }, watchers)
  await new Promise((resolve) => setTimeout(resolve, settleMs))
  const grown = residentBytes([platform.controlPid]) - before
  return { name: `${watchers} idle watches`, figures: { "RSS MiB more": Math.round(grown / 1_048_576) } }
}

async function manyObjects(platform: Platform): Promise<Row> {
  const before = residentBytes([platform.controlPid])
  const startedAt = performance.now()
  await createMany(platform, heldObjects, 2_000)
  const perSecond = Math.round(heldObjects / ((performance.now() - startedAt) / 1_000))
  const resident = residentBytes([platform.controlPid])
  const mebibytes = (bytes: number): number => Math.round(bytes / 1_048_576)
  const figures = {
    "RSS MiB more": mebibytes(resident - before),
    "RSS MiB": mebibytes(resident),
    "writes/s": perSecond,
  }
  return { name: `${heldObjects} objects of 2 KB`, figures }
}
