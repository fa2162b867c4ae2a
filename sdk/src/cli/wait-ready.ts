import type { Kind, KindOf, StoredMeta } from "../api/kind.ts"
import { Service } from "../api/serving/service.ts"
import type { Client } from "../client/client.ts"
import type { Timer } from "../clock/index.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { formatElapsed } from "./duration.ts"
import { hindranceOfService } from "./hindrance.ts"
import { createProgress, type Progress } from "./progress.ts"
import { watchOn } from "./watch-on.ts"

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
/** Between two looks at what hinders. A start takes less where nothing does, and asks nothing. */
const lookEveryMs = 2_000

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

/** Waits for a service; see `waitFor`. */
export function waitUntilReady(
  context: Context,
  client: Client,
  written: Service,
  patience: Patience,
): Promise<Service> {
  return waitFor(
    context,
    client,
    { kind: Service, noun: "service", verb: "describe", readiness: readinessOf, hindrance: hindranceOfService },
    written,
    patience,
  )
}

/** What is waited for: its kind, what messages call it, and what its status says of a generation. */
interface Awaited<K extends Kind> {
  readonly kind: K
  readonly noun: string
  /** The command that tells more of it. */
  readonly verb: string
  readonly readiness: (object: KindOf<K>) => Readiness
  /** What keeps it from being ready, where its status does not say so yet. */
  readonly hindrance?: (client: Client, object: KindOf<K>, signal: AbortSignal) => Promise<string | undefined>
}

interface StoredObject {
  readonly metadata: StoredMeta
}
type Conditioned = StoredObject & { status?: { conditions?: readonly Condition[] } }

/**
 * Watches an object until the generation that was written is Ready. Throws a CommandError with the exact reason when it
 * is refused and stays so for the window, or when the time is over; Ctrl-C ends the waiting, not the work.
 */
export async function waitFor<K extends Kind>(
  context: Context,
  client: Client,
  awaited: Awaited<K>,
  written: KindOf<K>,
  { waitTimeout, waitWindow = 0, quiet = false }: Patience,
): Promise<KindOf<K>> {
  const { name, namespace = "default", generation = 0 } = (written as StoredObject).metadata
  const progress = createProgress(quiet ? { ...context, err: () => {} } : context)
  const startedAt = context.clock.monotonic()
  const ended = new AbortController()
  const timer = context.clock.timer(waitTimeout, () => ended.abort("timeout"))
  const signal = AbortSignal.any([ended.signal, context.interrupted])
  const window = failureWindow(context, waitWindow, () => ended.abort("failed"))
  let last = written
  const ask = awaited.hindrance && (() => awaited.hindrance?.(client, last, signal))
  const hindrance = ask && tellHindrances(context, ask, progress, signal)
  const failure = (): CommandError => notReady(awaited, name, namespace, awaited.readiness(last))
  try {
    const selected = { namespace, fieldSelector: `metadata.name=${name}`, signal }
    for await (const event of watchOn(context.clock, () => client.watch(awaited.kind, selected), signal)) {
      if (event.type === "BOOKMARK") continue
      if (event.type === "DELETED") throw new CommandError(`${awaited.noun}/${name} was deleted meanwhile`)
      last = event.object
      if (((last as StoredObject).metadata.generation ?? 0) < generation) continue
      const readiness = awaited.readiness(last)
      if (readiness.kind === "waiting") progress.reached(readiness.phase)
      if (readiness.kind === "ready") {
        progress.reached(`ready after ${formatElapsed(context.clock.monotonic() - startedAt)}`)
        return last
      }
      if (!window.stands(readiness.kind === "failed")) throw failure()
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    timer.cancel()
    window.stands(false)
    ended.abort("done")
  }
  if (ended.signal.reason === "failed") throw failure()
  const state = (await hindrance) ?? stateOf(last as Conditioned, awaited.readiness(last))
  throw unfinished(context, awaited, last as Conditioned, state, waitTimeout)
}

/**
 * Tells what hinders those who do the work, each once, and gives the last of it when `signal` ends the wait. Who may not look
 * at them is not told, and waits on.
 */
async function tellHindrances(
  { clock }: Context,
  ask: () => Promise<string | undefined> | undefined,
  progress: Progress,
  signal: AbortSignal,
): Promise<string | undefined> {
  let last: string | undefined
  try {
    for (;;) {
      await clock.sleep(lookEveryMs, signal)
      last = await ask()
      if (last) progress.reached(last)
    }
  } catch {
    return last
  }
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

type Named = Pick<Awaited<Kind>, "noun" | "verb">

function notReady({ noun, verb }: Named, name: string, namespace: string, readiness: Readiness): CommandError {
  const { reason, message } = readiness.kind === "failed" ? readiness : { reason: "Unknown", message: "" }
  return new CommandError(
    `${noun}/${name} is not ready: ${reason}${message ? `: ${message}` : ""}`,
    `wick ${verb} ${name} -n ${namespace}`,
  )
}

function unfinished(
  context: Context,
  { noun, verb }: Named,
  { metadata }: Conditioned,
  state: string,
  timeoutMs: number,
): CommandError {
  const { name, namespace = "default" } = metadata
  const next = `wick ${verb} ${name} -n ${namespace}`
  if (context.interrupted.aborted) {
    return new CommandError(`stopped waiting; the work on ${noun}/${name} goes on`, next, exitCodes.interrupted)
  }
  return new CommandError(
    `${noun}/${name} was not ready after ${formatElapsed(timeoutMs)}; it was last: ${state}`,
    next,
    exitCodes.notReady,
  )
}

function stateOf({ status }: Conditioned, readiness: Readiness): string {
  const why = status?.conditions?.find(({ type, status }) => type === "Ready" && status !== "True")
  if (why?.message) return describe(why)
  return readiness.kind === "waiting" ? readiness.phase : readiness.kind
}

/** What the Ready condition alone says, for kinds whose other conditions need no more words. */
export function plainReadiness(object: {
  readonly metadata: { readonly generation?: number | undefined }
  readonly status?: unknown
}): Readiness {
  const { observedGeneration, conditions = [] } = (object.status ?? {}) as {
    observedGeneration?: number
    conditions?: readonly Condition[]
  }
  const ready = conditions.find(({ type }) => type === "Ready")
  if (observedGeneration !== object.metadata.generation || !ready) return { kind: "waiting", phase: accepted }
  if (ready.status === "True") return { kind: "ready" }
  if (ready.status === "False") {
    return { kind: "failed", reason: ready.reason ?? "Unknown", message: ready.message ?? "" }
  }
  return { kind: "waiting", phase: describe(ready) || accepted }
}

function describe({ reason, message }: Condition): string {
  return message ? `${reason}: ${message}` : (reason ?? "")
}
