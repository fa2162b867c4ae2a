import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { Link } from "./link.ts"
import { codec } from "./wire/codec.ts"
import type { Envelope, SubscribeRequest, TaskExit, TaskOOM } from "./wire/containerd-messages.ts"

/**
 * What containerd tells by itself. `exited` is about a container's (or a sandbox's) first process. `connected` comes
 * whenever the stream begins anew: what happened before it is not told again, so list everything.
 */
export type RuntimeEvent =
  | { readonly kind: "connected" }
  | { readonly kind: "disconnected" }
  | { readonly kind: "exited"; readonly containerId: string; readonly exitCode: number; readonly atMs: number }
  | { readonly kind: "out-of-memory"; readonly containerId: string }

const method = "/containerd.services.events.v1.Events/Subscribe"
const filters = ['topic=="/tasks/exit"', 'topic=="/tasks/oom"']
const retryMsMin = 20
const retryMsMax = 1_000

/**
 * Follows containerd's events for ever; the stream's end is the first sign that containerd has died. That it is connected
 * shows by `serves`: the stream itself says nothing before its first event, which may be an hour later.
 */
export function followEvents(
  link: Link,
  serves: () => Promise<unknown>,
  clock: Clock,
  log: Log,
  tell: (event: RuntimeEvent) => void,
): { close(): void } {
  const codecs = {
    request: codec<SubscribeRequest>("containerd.services.events.v1.SubscribeRequest"),
    response: codec<Envelope>("containerd.types.Envelope"),
  }
  const exits = codec<TaskExit>("containerd.events.TaskExit")
  const kills = codec<TaskOOM>("containerd.events.TaskOOM")
  let closed = false
  let cancel = (): void => {}
  let retryMs = retryMsMin

  const receive = (envelope: Envelope): void => {
    const value = envelope.event?.value ?? new Uint8Array()
    if (envelope.topic === "/tasks/oom") {
      tell({ kind: "out-of-memory", containerId: kills.decode(value).containerId ?? "" })
      return
    }
    const exit = exits.decode(value)
    // Processes of an exec end too; only the container's own, whose id is the container's, is its end.
    if (exit.containerId === undefined || exit.id !== exit.containerId) return
    const atMs = (exit.exitedAt?.seconds ?? 0) * 1_000 + Math.floor((exit.exitedAt?.nanos ?? 0) / 1e6)
    tell({ kind: "exited", containerId: exit.containerId, exitCode: exit.exitStatus ?? 0, atMs })
  }

  const subscribe = (): void => {
    if (closed) return
    let connected = false
    let ended = false
    const stream = link.serverStream(method, codecs, { filters })
    cancel = () => stream.cancel()
    void untilServing(serves, clock, () => ended || closed).then((serving) => {
      if (!serving) return
      connected = true
      retryMs = retryMsMin
      tell({ kind: "connected" })
    })
    stream.on("data", receive)
    const end = (error?: Error): void => {
      if (ended || closed) return
      ended = true
      if (connected) {
        log.warn("the container runtime's events ended", { error: error?.message })
        tell({ kind: "disconnected" })
      }
      clock.timer(retryMs, subscribe)
      retryMs = Math.min(retryMs * 2, retryMsMax)
    }
    stream.on("error", end)
    stream.on("end", end)
  }
  subscribe()
  return {
    close: () => {
      closed = true
      cancel()
    },
  }
}

/** Whether containerd answered before there was no need to ask any more. */
async function untilServing(serves: () => Promise<unknown>, clock: Clock, isOver: () => boolean): Promise<boolean> {
  for (let waitMs = retryMsMin; !isOver(); waitMs = Math.min(waitMs * 2, retryMsMax)) {
    const answered = await serves().then(
      () => true,
      () => false,
    )
    if (answered) return !isOver()
    await clock.sleep(waitMs)
  }
  return false
}
