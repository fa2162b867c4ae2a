import { Service } from "../api/serving/service.ts"
import type { Client } from "../client/client.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { formatElapsed } from "./duration.ts"
import { createProgress } from "./progress.ts"

interface Condition {
  type: string
  status: string
  reason?: string | undefined
  message?: string | undefined
}

/** What a service's status says about the generation that was just written. */
export type Readiness =
  | { kind: "ready" }
  | { kind: "failed"; reason: string; message: string }
  | { kind: "waiting"; phase: string }

const phases: Record<string, string> = {
  ConfigurationsReady: "revision ready",
  RoutesReady: "traffic routed",
}

/** Pure: a status older than the object's generation says nothing yet. */
export function readinessOf(service: Service): Readiness {
  const conditions = (service.status?.conditions ?? []) as Condition[]
  if (service.status?.observedGeneration !== service.metadata.generation) return { kind: "waiting", phase: "accepted" }
  const ready = conditions.find(({ type }) => type === "Ready")
  if (ready?.status === "True") return { kind: "ready" }
  if (ready?.status === "False") {
    return { kind: "failed", reason: ready.reason ?? "Unknown", message: ready.message ?? "" }
  }
  const reached = conditions.filter(({ type, status }) => status === "True" && phases[type])
  const phase = reached.map(({ type }) => phases[type]).at(-1)
  return { kind: "waiting", phase: phase ?? (ready?.reason ? describe(ready) : "accepted") }
}

/**
 * Watches a service until the generation that was written is Ready. Throws a CommandError with the exact reason when it
 * is refused, or when the time is over; Ctrl-C ends the waiting, not the work.
 */
export async function waitUntilReady(
  context: Context,
  client: Client,
  written: Service,
  timeoutMs: number,
  quiet: boolean,
): Promise<Service> {
  const { name, namespace = "default" } = written.metadata
  const progress = createProgress(quiet ? { ...context, err: () => {} } : context)
  const startedAt = context.clock.monotonic()
  const ended = new AbortController()
  const timer = context.clock.timer(timeoutMs, () => ended.abort("timeout"))
  const signal = AbortSignal.any([ended.signal, context.interrupted])
  let last: Service = written
  try {
    for await (const event of client.watch(Service, { namespace, fieldSelector: `metadata.name=${name}`, signal })) {
      if (event.type === "BOOKMARK") continue
      if (event.type === "DELETED") throw new CommandError(`service/${name} was deleted meanwhile`)
      last = event.object
      if ((last.metadata.generation ?? 0) < (written.metadata.generation ?? 0)) continue
      const readiness = readinessOf(last)
      if (readiness.kind === "waiting") progress.reached(readiness.phase)
      if (readiness.kind === "failed") throw notReady(name, namespace, readiness)
      if (readiness.kind === "ready") {
        progress.reached(`ready after ${formatElapsed(context.clock.monotonic() - startedAt)}`)
        return last
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    timer.cancel()
    ended.abort("done")
  }
  throw unfinished(context, name, namespace, last, timeoutMs)
}

function notReady(
  name: string,
  namespace: string,
  { reason, message }: { reason: string; message: string },
): CommandError {
  return new CommandError(
    `service/${name} is not ready: ${reason}${message ? `: ${message}` : ""}`,
    `wick describe ${name} -n ${namespace}`,
  )
}

function unfinished(context: Context, name: string, namespace: string, last: Service, timeoutMs: number): CommandError {
  const next = `wick describe ${name} -n ${namespace}`
  if (context.interrupted.aborted) {
    return new CommandError(`stopped waiting; the deployment of service/${name} goes on`, next, 130)
  }
  const readiness = readinessOf(last)
  const why = last.status?.conditions?.find(({ type, status }) => type === "Ready" && status !== "True")
  const state = why?.message
    ? describe(why as Condition)
    : readiness.kind === "waiting"
      ? readiness.phase
      : readiness.kind
  return new CommandError(
    `service/${name} was not ready after ${formatElapsed(timeoutMs)}; it was last: ${state}`,
    next,
    exitCodes.notReady,
  )
}

function describe({ reason, message }: Condition): string {
  return message ? `${reason}: ${message}` : (reason ?? "")
}
