import { Service } from "../api/serving/service.ts"
import type { Client } from "../client/client.ts"
import type { Timer } from "../clock/index.ts"
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

/**
 * Pure: a status older than the object's generation says nothing yet, and neither does a part of it (the configuration
 * or the route) that has not caught up. Traffic goes to the new revision only once that is ready, so until then what the
 * route says is about an older one.
 */
export function readinessOf(service: Service): Readiness {
  const conditions = (service.status?.conditions ?? []) as Condition[]
  const find = (wanted: string): Condition | undefined => conditions.find(({ type }) => type === wanted)
  if (service.status?.observedGeneration !== service.metadata.generation) return { kind: "waiting", phase: accepted }
  const ready = find("Ready")
  if (ready?.status === "True") return { kind: "ready" }
  if (ready?.status === "False") {
    return { kind: "failed", reason: ready.reason ?? "Unknown", message: ready.message ?? "" }
  }
  const revision = find("ConfigurationsReady")
  if (revision?.status !== "True") return { kind: "waiting", phase: phaseOf(revision) ?? accepted }
  return { kind: "waiting", phase: phaseOf(find("RoutesReady")) ?? "revision ready" }
}

const accepted = "accepted"

/** What a condition that is not decided yet says of the generation just written, if it speaks of that one at all. */
function phaseOf(condition: Condition | undefined): string | undefined {
  if (!condition?.reason || condition.status === "True") return undefined
  return ["OutOfDate", "Uninitialized"].includes(condition.reason) ? undefined : describe(condition)
}

export interface Patience {
  readonly waitTimeout: number
  readonly waitWindow?: number
  readonly quiet?: boolean
}

/**
 * Watches a service until the generation that was written is Ready. Throws a CommandError with the exact reason when it
 * is refused and stays so for the window, or when the time is over; Ctrl-C ends the waiting, not the work.
 */
export async function waitUntilReady(
  context: Context,
  client: Client,
  written: Service,
  { waitTimeout, waitWindow = 0, quiet = false }: Patience,
): Promise<Service> {
  const { name, namespace = "default" } = written.metadata
  const progress = createProgress(quiet ? { ...context, err: () => {} } : context)
  const startedAt = context.clock.monotonic()
  const ended = new AbortController()
  const timer = context.clock.timer(waitTimeout, () => ended.abort("timeout"))
  const signal = AbortSignal.any([ended.signal, context.interrupted])
  const window = failureWindow(context, waitWindow, () => ended.abort("failed"))
  let last: Service = written
  try {
    for await (const event of client.watch(Service, { namespace, fieldSelector: `metadata.name=${name}`, signal })) {
      if (event.type === "BOOKMARK") continue
      if (event.type === "DELETED") throw new CommandError(`service/${name} was deleted meanwhile`)
      last = event.object
      if ((last.metadata.generation ?? 0) < (written.metadata.generation ?? 0)) continue
      const readiness = readinessOf(last)
      if (readiness.kind === "waiting") progress.reached(readiness.phase)
      if (readiness.kind === "ready") {
        progress.reached(`ready after ${formatElapsed(context.clock.monotonic() - startedAt)}`)
        return last
      }
      if (!window.stands(readiness.kind === "failed")) throw failure(name, namespace, last)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    timer.cancel()
    window.stands(false)
    ended.abort("done")
  }
  if (ended.signal.reason === "failed") throw failure(name, namespace, last)
  throw unfinished(context, name, namespace, last, waitTimeout)
}

/** Lets a failure stand for a while before it is believed: some are over with the next event. */
function failureWindow({ clock }: Context, windowMs: number, over: () => void): { stands(failed: boolean): boolean } {
  let timer: Timer | undefined
  return {
    stands(failed) {
      if (failed && windowMs > 0) timer ??= clock.timer(windowMs, over)
      else {
        timer?.cancel()
        timer = undefined
      }
      return !failed || windowMs > 0
    },
  }
}

function failure(name: string, namespace: string, service: Service): CommandError {
  const readiness = readinessOf(service)
  return notReady(name, namespace, readiness.kind === "failed" ? readiness : { reason: "Unknown", message: "" })
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
    return new CommandError(`stopped waiting; the deployment of service/${name} goes on`, next, exitCodes.interrupted)
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
