import { type ClientHttp2Session, connect } from "node:http2"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import {
  administratorToken,
  createMany,
  labelSelector,
  labels,
  name,
  removeAll,
  removeObjects,
} from "../api-objects.ts"
import { Latency } from "../latency.ts"
import { namespace, type Platform } from "../platform.ts"
import { cpuMicros, residentBytes } from "../process-cost.ts"
import { type Row, report } from "../report.ts"

const perConnection = 500
const writes = 300
/** Writes before the measured ones: a cost is that of a server which has run for a while. */
const warmUpWrites = 100
const stepTimeoutMs = 60_000
/** What opening a watch needed for a moment is no cost of keeping it. */
const settleMs = 20_000
const heldObjects = 100_000

/** Watches: what an event costs that a thousand follow, and what watching costs when nothing happens; then many objects. */
export async function apiWatch(platform: Platform): Promise<void> {
  await removeAll(platform)
  const token = await administratorToken(platform)
  const rows = [await fanOut(platform, token, 1_000)]
  // What is there would be sent to each of the next watches.
  await removeObjects(platform)
  rows.push(await idleWatches(platform, token, 10_000))
  rows.push(await manyObjects(platform))
  await removeAll(platform)
  report("api-watch", rows)
}

async function fanOut(platform: Platform, token: string, watchers: number): Promise<Row> {
  const { client, controlPid } = platform
  await using watching = await openWatches(platform, token, watchers)
  const write = async (index: number): Promise<void> => {
    const seen = watching.next(watchers)
    await client.create(ConfigMap, { metadata: { name: `${name}-watch-${index}`, namespace, labels } })
    await seen
  }
  for (let index = 0; index < warmUpWrites; index++) await write(index)
  const before = cpuMicros([controlPid])
  const latency = new Latency()
  for (let index = warmUpWrites; index < warmUpWrites + writes; index++) {
    const startedAt = performance.now()
    await write(index)
    latency.record(performance.now() - startedAt)
  }
  const cpu = (cpuMicros([controlPid]) - before) / (writes * watchers)
  const { p50, p99 } = latency.summary()
  return { name: `${watchers} watchers`, figures: { "write to last event p50": p50, p99, "CPU us/event": round(cpu) } }
}

async function idleWatches(platform: Platform, token: string, watchers: number): Promise<Row> {
  const before = residentBytes([platform.controlPid])
  await using _watching = await openWatches(platform, token, watchers)
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

interface Watching extends AsyncDisposable {
  /** Resolves when `count` more events have come, over all watches together. */
  next(count: number): Promise<void>
}

/** Opens watches as streams of a few HTTP/2 connections; resolves when each has answered. */
async function openWatches({ api, authority }: Platform, token: string, count: number): Promise<Watching> {
  const sessions: ClientHttp2Session[] = []
  let events = 0
  let awaited: { readonly at: number; readonly resolve: () => void } | undefined
  const onEvent = (): void => {
    if (++events === awaited?.at) awaited.resolve()
  }
  const path = `/api/v1/namespaces/${namespace}/configmaps?watch=true&labelSelector=${encodeURIComponent(labelSelector)}`
  for (let opened = 0; opened < count; opened += perConnection) {
    const session = connect(api, { ca: authority, maxSessionMemory: 1_000 })
    sessions.push(session)
    const wanted = Math.min(perConnection, count - opened)
    await Promise.all(Array.from({ length: wanted }, () => openWatch(session, path, token, onEvent)))
  }
  return {
    next: (more) => {
      const at = events + more
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const timer = setTimeout(() => reject(new Error(`${at - events} events did not come`)), stepTimeoutMs)
      awaited = { at, resolve: () => resolve(clearTimeout(timer)) }
      return promise
    },
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.destroy()
    },
  }
}

function openWatch(session: ClientHttp2Session, path: string, token: string, onEvent: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":path": path, authorization: `Bearer ${token}` })
    stream.once("response", ({ ":status": status }) =>
      status === 200 ? resolve() : reject(new Error(`a watch was answered with ${status}`)),
    )
    stream.once("error", reject)
    // An event is one line; lines are counted, not read.
    stream.on("data", (chunk: Buffer) => {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) onEvent()
    })
  })
}

const round = (value: number): number => Math.round(value * 100) / 100
