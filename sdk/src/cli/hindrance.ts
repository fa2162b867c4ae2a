import { Event } from "../api/core/event.ts"
import { Pod } from "../api/core/pod.ts"
import type { Service } from "../api/serving/service.ts"
import type { Client } from "../client/client.ts"

/** What a container waits for before it has been tried; whoever holds it up is told of in an Event. */
const onTheWay: readonly (string | undefined)[] = ["ContainerCreating", "PodInitializing"]

/** What keeps the pods of a service's newest revision from running, as far as they or warnings about them say. */
export async function hindranceOfService(
  client: Client,
  { metadata, status }: Service,
  signal: AbortSignal,
): Promise<string | undefined> {
  const revision = status?.latestCreatedRevisionName
  if (!revision) return undefined
  const { namespace = "default" } = metadata
  const [pods, warnings] = await Promise.all([
    client.list(Pod, { namespace, labelSelector: `serving.knative.dev/revision=${revision}`, signal }),
    client.list(Event, { namespace, fieldSelector: "type=Warning", signal }),
  ])
  return hindranceOf(pods.items, warnings.items)
}

/** Pure: of the first pod that something keeps from being ready, what that is. */
export function hindranceOf(pods: readonly Pod[], warnings: readonly Event[]): string | undefined {
  for (const pod of pods) {
    const { metadata, status } = pod
    if (metadata.deletionTimestamp || conditionOf(pod, "Ready")?.status === "True") continue
    const scheduled = conditionOf(pod, "PodScheduled")
    if (scheduled?.status === "False") return told(scheduled)
    const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
    const waiting = containers.map(({ state }) => state?.waiting).find((why) => why && !onTheWay.includes(why.reason))
    if (waiting) return told(waiting)
    const warning = warnings
      .filter(({ involvedObject }) => involvedObject.uid === metadata.uid)
      .toSorted((a, b) => timeOf(a).localeCompare(timeOf(b)))
      .at(-1)
    if (warning) return told(warning)
  }
  return undefined
}

function conditionOf(
  { status }: Pod,
  wanted: string,
): { status: string; reason?: string; message?: string } | undefined {
  return status?.conditions?.find(({ type }) => type === wanted) as ReturnType<typeof conditionOf>
}

function timeOf({ lastTimestamp, eventTime, metadata }: Event): string {
  return lastTimestamp ?? eventTime ?? metadata.creationTimestamp
}

function told({ reason, message }: { reason?: string | undefined; message?: string | undefined }): string {
  return [reason, message].filter(Boolean).join(": ")
}
