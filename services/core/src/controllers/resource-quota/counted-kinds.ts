import { Pod } from "@wick/sdk/api/core/pod"
import { isPlainlyCounted } from "@wick/sdk/api/core/quota-usage"
import type { Kind } from "@wick/sdk/api/kind"

/** Pure: the kinds whose objects count for what a quota bounds. */
export function countedKinds(bounds: readonly string[], kinds: readonly Kind[]): Kind[] {
  const wanted = new Set(bounds.map(resourceOf))
  return kinds.filter(
    ({ group, plural, namespaced }) => namespaced && wanted.has(group === "" ? plural : `${plural}.${group}`),
  )
}

/** `count/deployments.apps` → `deployments.apps`, `gold.storageclass.…/requests.storage` → claims, `limits.cpu` → pods. */
function resourceOf(bound: string): string {
  if (bound.startsWith("count/")) return bound.slice("count/".length)
  if (isPlainlyCounted(bound)) return bound
  if (bound.startsWith("services.")) return "services"
  const ofStorage =
    bound === "requests.storage" ||
    bound.endsWith("persistentvolumeclaims") ||
    bound.includes(".storageclass.storage.k8s.io/")
  return ofStorage ? "persistentvolumeclaims" : Pod.plural
}
