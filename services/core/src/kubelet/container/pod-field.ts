import type { Pod } from "@wick/sdk/api/core/pod"
import { milliUnits, parseQuantity, wholeUnits } from "@wick/sdk/api/meta/quantity"
import type { PodContainer } from "../pod/observed.ts"

/** What is known of a pod only on its node. */
export interface PodPlace {
  readonly nodeName: string
  readonly hostIp: string
  readonly podIps: readonly string[]
  /** What a container without limits may use. */
  readonly allocatable: { readonly cpu: string; readonly memory: string; readonly "ephemeral-storage": string }
}

/** Pure: the value of a `fieldRef`. `undefined` when the path is none that is offered. */
export function podField(pod: Pod, place: PodPlace, path: string): string | undefined {
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path)
  if (subscript) return pod.metadata[subscript[1] as "labels" | "annotations"]?.[subscript[2] ?? ""] ?? ""
  switch (path) {
    case "metadata.name":
      return pod.metadata.name
    case "metadata.namespace":
      return pod.metadata.namespace ?? ""
    case "metadata.uid":
      return pod.metadata.uid
    case "metadata.labels":
      return formatMap(pod.metadata.labels)
    case "metadata.annotations":
      return formatMap(pod.metadata.annotations)
    case "spec.nodeName":
      return place.nodeName
    case "spec.serviceAccountName":
      return pod.spec.serviceAccountName ?? ""
    case "status.hostIP":
    case "status.hostIPs":
      return place.hostIp
    case "status.podIP":
      return place.podIps[0] ?? ""
    case "status.podIPs":
      return place.podIps.join(",")
    default:
      return undefined
  }
}

/** `key="value"` lines, sorted. */
function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  const lines = Object.entries(map ?? {}).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
  return lines.sort().join("\n")
}

/** Pure: the value of a `resourceFieldRef`, rounded up to the divisor. `undefined` when it names no resource. */
export function resourceField(
  container: PodContainer,
  place: PodPlace,
  resource: string,
  divisor: string | number,
): string | undefined {
  const match = /^(limits|requests)\.(.+)$/.exec(resource)
  if (!match) return undefined
  const [, kind, name = ""] = match
  const amounts = container.resources[kind as "limits" | "requests"]
  const fallback =
    kind === "limits" ? place.allocatable[name as keyof PodPlace["allocatable"]] : container.resources.limits?.[name]
  const amount = amounts?.[name] ?? fallback ?? "0"
  const unit = parseQuantity(divisor) === 0n ? "1" : divisor
  if (name === "cpu") return String(Math.ceil(milliUnits(amount) / milliUnits(unit)))
  return String(Math.ceil(wholeUnits(amount) / wholeUnits(unit)))
}
