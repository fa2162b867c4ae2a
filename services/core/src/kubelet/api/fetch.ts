import { queryFlag } from "@wick/sdk/api/meta/query-flag"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Fetch } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import type { HistogramCell } from "@wick/sdk/metrics"
import type { LogQuery } from "../log/log-line.ts"
import { readLog } from "../log/read-log.ts"
import { attemptsOf } from "../pod/observed.ts"
import type { PodFleet } from "../pod/pod-fleet.ts"
import type { PodState } from "../pod/pod-state.ts"
import type { ContainerRecord, Runtime } from "../runtime/runtime.ts"
import type { Kept } from "../stats/index.ts"

export interface KubeletApi {
  readonly fleet: PodFleet
  readonly clock: Clock
  readonly runtime: Runtime
  readonly nodeName: string
  /** Seconds from the first sight of a pod until it runs. */
  readonly startSeconds: HistogramCell
  /** On the file system that holds pods. */
  readonly directory: string
}

/** `GET /containerLogs/{namespace}/{pod}/{container}`, `/stats/summary`, `/metrics`, `/metrics/{resource,cadvisor}`, `/healthz`. */
export function createKubeletFetch(api: KubeletApi): Fetch {
  const kept: Kept = {}
  return async (request) => {
    try {
      const url = new URL(request.url)
      const [verb, namespace = "", name = "", container = ""] = url.pathname.split("/").slice(1).map(decodeURIComponent)
      if (verb === "healthz") return new Response("ok")
      if (verb === "containerLogs") return containerLogs(api, { namespace, name, container }, url, request.signal)
      const stats = verb === "stats" || verb === "metrics" ? await statsOf(api, kept, url) : undefined
      if (stats) return stats
      throw new StatusError("NotFound", `the node has no ${url.pathname}`)
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      return Response.json(error.toStatus(), { status: error.code })
    }
  }
}

async function statsOf(api: KubeletApi, kept: Kept, url: URL): Promise<Response | undefined> {
  const { statsAnswer } = await import("../stats/index.ts")
  return statsAnswer({ ...api, kept }, url)
}

interface Target {
  readonly namespace: string
  readonly name: string
  readonly container: string
}

function containerLogs(api: KubeletApi, target: Target, url: URL, signal: AbortSignal): Response {
  const worker = api.fleet.find(target.namespace, target.name)
  if (!worker) throw new StatusError("NotFound", `pod "${target.name}" not found on this node`)
  const record = chosenAttempt(worker.state, target, queryFlag(url.searchParams, "previous") === true)
  const query = logQuery(url.searchParams, api.clock.now())
  const left = new AbortController()
  const either = AbortSignal.any([signal, left.signal])
  const lines = readLog(record.logPath, query, endOf(worker.state, record.id, either), either)
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      try {
        const { value, done } = await lines.next()
        if (done) controller.close()
        else controller.enqueue(new Uint8Array(value))
      } catch (error) {
        // The container never wrote a log, or its pod has just been taken away.
        if ((error as NodeJS.ErrnoException).code === "ENOENT") controller.close()
        else controller.error(error)
      }
    },
    cancel: () => left.abort(),
  })
  return new Response(body, { headers: { "content-type": "text/plain" } })
}

function chosenAttempt(state: PodState, { name, container }: Target, previous: boolean): ContainerRecord {
  if (!state.container(container)) {
    throw new StatusError("BadRequest", `container ${container} is not valid for pod ${name}`)
  }
  const attempts = attemptsOf(state.observed, container)
  if (previous) {
    const ended = attempts.filter(({ state: now }) => now === "exited")
    const found = attempts[0]?.state === "running" ? ended[0] : (ended[1] ?? ended[0])
    if (found) return found
    throw new StatusError("BadRequest", `previous terminated container "${container}" in pod "${name}" not found`)
  }
  const newest = attempts[0]
  if (newest) return newest
  const reason = state.waiting.get(container)
  const why = reason ? `${reason.reason}${reason.message ? `: ${reason.message}` : ""}` : "ContainerCreating"
  throw new StatusError("BadRequest", `container "${container}" in pod "${name}" is waiting to start: ${why}`)
}

/** Resolves when the container has ended; the log is complete then. */
function endOf(state: PodState, id: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const undo = state.onEnd(id, resolve)
    signal.addEventListener("abort", undo, { once: true })
  })
}

/** Pure: the query of a request for logs. */
export function logQuery(search: URLSearchParams, nowMs: number): LogQuery {
  const sinceSeconds = numberOf(search, "sinceSeconds")
  const sinceTime = timeOf(search, "sinceTime")
  const stream = search.get("stream")
  return {
    follow: queryFlag(search, "follow") === true,
    timestamps: queryFlag(search, "timestamps") === true,
    tailLines: numberOf(search, "tailLines"),
    limitBytes: numberOf(search, "limitBytes"),
    sinceMs: sinceTime ?? (sinceSeconds === undefined ? undefined : nowMs - sinceSeconds * 1_000),
    stream: stream === "Stdout" || stream === "Stderr" ? stream : "All",
  }
}

function timeOf(search: URLSearchParams, name: string): number | undefined {
  const text = search.get(name)
  if (text === null || text === "") return undefined
  const ms = Date.parse(text)
  if (!Number.isNaN(ms)) return ms
  throw new StatusError("BadRequest", `${name} must be a time as in RFC 3339, not ${JSON.stringify(text)}`)
}

function numberOf(search: URLSearchParams, name: string): number | undefined {
  const text = search.get(name)
  if (text === null || text === "") return undefined
  const number = Number(text)
  if (Number.isInteger(number) && number >= 0) return number
  throw new StatusError("BadRequest", `${name} must be a whole number, not ${JSON.stringify(text)}`)
}
