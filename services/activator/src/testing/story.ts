import { SimulatedClock, seededRandom } from "@wick/sdk/clock"
import { Backend } from "../backend/backend.ts"
import { Call } from "../backend/call.ts"
import { Pod } from "../backend/pod.ts"
import { podTrouble } from "../backend/pod-trouble.ts"
import { unknownSpec } from "../backend/revision-spec.ts"
import type { PodStatusView } from "../cluster/watched-kinds.ts"
import { RequestMeasuring } from "../metrics/request-series.ts"
import { RevisionMetrics } from "../metrics/revision-metrics.ts"

/** A request without a wire: it stays in its pod until the test finishes it, and remembers how it was refused. */
export class ScriptedCall extends Call {
  refused: { status: number; text: string; retryAfterSeconds: number | undefined } | undefined
  begun = 0
  onBegin: () => void = () => {}

  begin(): void {
    this.begun++
    this.onBegin()
  }

  refuse(status: number, text: string, retryAfterSeconds?: number): void {
    this.refused = { status, text, retryAfterSeconds }
    this.backend?.finish(this, status)
  }
}

/** One backend on simulated time; the test plays cluster, callers and pods. */
export class Story {
  readonly clock = new SimulatedClock(0)
  pressed = 0
  readonly suspected: Pod[] = []
  readonly drained: Pod[] = []
  readonly backend = new Backend(
    { namespace: "n", name: "r" },
    {
      clock: this.clock,
      random: seededRandom(1),
      metrics: new RevisionMetrics(new RequestMeasuring()),
      events: {
        pressed: () => void this.pressed++,
        woken: () => {},
        suspected: (backend, pod) => {
          this.suspected.push(pod)
          backend.markUnready(pod)
        },
        drained: (_backend, pod) => void this.drained.push(pod),
      },
    },
  )

  /** Sets containerConcurrency. */
  concurrency(containerConcurrency: number): void {
    this.backend.setSpec({ ...unknownSpec, containerConcurrency })
  }

  request(): ScriptedCall {
    const call = new ScriptedCall()
    this.backend.admit(call)
    return call
  }

  addPod(name: string, ready = true): Pod {
    const pod = new Pod(name, name)
    this.backend.addPod(pod)
    if (ready) this.backend.markReady(pod)
    return pod
  }

  removePod(pod: Pod): void {
    this.backend.removePod(pod)
  }

  /** The status of the pod's one container, `c`. */
  trouble(pod: Pod, container: Omit<NonNullable<PodStatusView["containerStatuses"]>[number], "name">): void {
    this.troubleWith(pod, { containerStatuses: [{ name: "c", ...container }] })
  }

  troubleWith(pod: Pod, status: PodStatusView): void {
    pod.setTrouble(podTrouble(status), this.clock.monotonic())
    this.backend.diagnose()
  }
}
