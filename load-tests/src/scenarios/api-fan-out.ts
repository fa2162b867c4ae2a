import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { administratorToken, labelSelector, labels, name, removeAll } from "../api-objects.ts"
import { Latency } from "../latency.ts"
import { startPlainServer } from "../plain-server.ts"
import { namespace, type Platform } from "../platform.ts"
import { cpuMicros } from "../process-cost.ts"
import { type Row, report } from "../report.ts"
import { openWatches, type Watching } from "../watching.ts"

const watchers = 1_000
const writes = 300
/** Writes before the measured ones: a cost is that of a server which has run for a while. */
const warmUpWrites = 100

/** Where many follow one collection. */
export const watchedPath = `/api/v1/namespaces/${namespace}/configmaps?watch=true&labelSelector=${encodeURIComponent(labelSelector)}`

/** What an event costs that a thousand follow. */
export async function apiFanOut(platform: Platform): Promise<void> {
  await removeAll(platform)
  const rows = await fanOut(platform, await administratorToken(platform))
  await removeAll(platform)
  report("api-fan-out", rows)
}

/** One row for the platform, and one for a bare server in the same minute: how fast a machine is changes with the hour. */
export async function fanOut({ client, controlPid, api, authority, home }: Platform, token: string): Promise<Row[]> {
  const target = { api, authority, token, path: watchedPath }
  await using watching = await openWatches(target, watchers)
  const ours = await cost(controlPid, watching, async (index) => {
    await client.create(ConfigMap, { metadata: { name: `${name}-watch-${index}`, namespace, labels } })
  })
  const bytes = watching.eventBytes()
  await using plain = await startPlainServer(home)
  await using following = await openWatches({ ...target, api: plain.api }, watchers)
  const theirs = await cost(plain.pid, following, async () => plain.tell(bytes))
  const ratio = round(ours.cpu / theirs.cpu)
  return [
    { name: `${watchers} watchers`, figures: { ...ours.figures, "times a bare server's": ratio } },
    { name: `${watchers} streams of a bare server`, figures: theirs.figures },
  ]
}

async function cost(
  pid: number,
  watching: Watching,
  send: (index: number) => Promise<void>,
): Promise<{ readonly cpu: number; readonly figures: Row["figures"] }> {
  const write = async (index: number): Promise<void> => {
    const seen = watching.next(watchers)
    await send(index)
    await seen
  }
  for (let index = 0; index < warmUpWrites; index++) await write(index)
  const before = cpuMicros([pid])
  const latency = new Latency()
  for (let index = warmUpWrites; index < warmUpWrites + writes; index++) {
    const startedAt = performance.now()
    await write(index)
    latency.record(performance.now() - startedAt)
  }
  const cpu = (cpuMicros([pid]) - before) / (writes * watchers)
  const { p50, p99 } = latency.summary()
  return { cpu, figures: { "write to last event p50": p50, p99, "CPU us/event": round(cpu) } }
}

const round = (value: number): number => Math.round(value * 100) / 100
