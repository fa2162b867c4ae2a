import { Event } from "@wick/sdk/api/core/event"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { Client } from "@wick/sdk/client"
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

export async function lastWarning(client: Client, { pod, about }: WaitingPod): Promise<Warning | undefined> {
  const { name, namespace } = pod.metadata
  const fieldSelector = `involvedObject.name=${name},${about}`
  const { items } = await client.list(Event, { ...(namespace && { namespace }), fieldSelector })
  const { reason, message } = items.at(-1) ?? {}
  return reason && message ? { reason, message } : undefined
}
