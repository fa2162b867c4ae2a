import { Event } from "@wick/sdk/api/core/event"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import type { Warning } from "./trouble.ts"

/** A pod that is not ready after so long is asked after: its Events tell what it met. */
const askAfterMs = 1_500

/** A pod that is not ready, whose own status does not say why. */
export interface WaitingPod {
  readonly pod: Pod
  /** Which of its warnings are about what it waits for. */
  readonly about: "reason=Unhealthy" | "type=Warning"
  /** When it is to be asked after; 0 is now. */
  readonly leftMs: number
  /** When it is to be asked after again: what keeps one from its start for long seldom changes. */
  readonly againMs: number
}

/** Pure: the first pod of which a container runs without being ready, or is still being made. */
export function waitingPod(pods: readonly Pod[], nowMs: number): WaitingPod | undefined {
  for (const pod of pods) {
    for (const { state, ready } of pod.status?.containerStatuses ?? []) {
      if (state?.running && !ready) return waiting(pod, "reason=Unhealthy", ageMs(state.running.startedAt, nowMs))
      if (state?.waiting && !state.waiting.message) {
        return waiting(pod, "type=Warning", ageMs(pod.metadata.creationTimestamp, nowMs))
      }
    }
  }
  return undefined
}

function ageMs(since: string | undefined, nowMs: number): number {
  return nowMs - Date.parse(since ?? "")
}

function waiting(pod: Pod, about: WaitingPod["about"], forMs: number): WaitingPod {
  const known = Math.max(forMs, 0)
  const againMs = about === "type=Warning" ? Math.max(askAfterMs, known) : askAfterMs
  return { pod, about, leftMs: Math.max(0, askAfterMs - known), againMs }
}

interface Asked {
  readonly uid: string
  readonly about: WaitingPod["about"]
  /** When it is to be asked after again, by a clock that nobody sets. */
  readonly dueMs: number
  readonly warning: Warning | undefined
}

export interface Found {
  readonly warning?: Warning | undefined
  /** When there may be more to be found; absent where nothing waits. */
  readonly againMs?: number
}

/** What the pods that revisions wait for were last warned of: asked for when that is due, however often somebody looks. */
export class Warnings {
  readonly #client: Client
  readonly #clock: Clock
  readonly #asked = new Map<string, Asked>()

  constructor(client: Client, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** `key` is the revision's; without a pod that waits nothing of it is kept. */
  async look(key: string, waiting: WaitingPod | undefined): Promise<Found> {
    const known = this.#asked.get(key)
    this.#asked.delete(key)
    if (!waiting) return {}
    if (waiting.leftMs > 0) return { againMs: waiting.leftMs }
    const { about, againMs, pod } = waiting
    const { uid } = pod.metadata
    const nowMs = this.#clock.monotonic()
    if (known && known.uid === uid && known.about === about && known.dueMs > nowMs) {
      this.#asked.set(key, known)
      return { warning: known.warning, againMs: known.dueMs - nowMs }
    }
    const warning = await lastWarning(this.#client, waiting)
    this.#asked.set(key, { uid, about, dueMs: nowMs + againMs, warning })
    return { warning, againMs }
  }
}

async function lastWarning(client: Client, { pod, about }: WaitingPod): Promise<Warning | undefined> {
  const { name, namespace } = pod.metadata
  const fieldSelector = `involvedObject.name=${name},${about}`
  const { items } = await client.list(Event, { ...(namespace && { namespace }), fieldSelector })
  const { reason, message } = items.at(-1) ?? {}
  return reason && message ? { reason, message } : undefined
}
