import type { Taint, Toleration } from "@wick/sdk/api/core/scheduling"
import { type Filter, fits, type Score } from "./plugin.ts"

export function tolerates(tolerations: readonly Toleration[] | undefined, taint: Taint): boolean {
  return (tolerations ?? []).some((toleration) => {
    if (toleration.effect && toleration.effect !== taint.effect) return false
    if (toleration.key && toleration.key !== taint.key) return false
    if (toleration.operator === "Exists") return true
    // An empty key with Equal matches nothing: it is the sign of a mistake, not of tolerance.
    return Boolean(toleration.key) && (toleration.value ?? "") === (taint.value ?? "")
  })
}

/** Taints keep pods away that do not tolerate them. */
export const taintToleration: Filter = ({ pod }, { node }) => {
  const taints = node.spec?.taints ?? []
  const untolerated = taints.find(
    (taint) => taint.effect !== "PreferNoSchedule" && !tolerates(pod.spec.tolerations, taint),
  )
  return untolerated ? [`node(s) had untolerated taint {${untolerated.key}: ${untolerated.value ?? ""}}`] : fits
}

/** Taints that would rather keep pods away: ten points less for each that is not tolerated. */
export const taintPreference: Score = ({ pod }, { node }) => {
  const taints = node.spec?.taints ?? []
  const disliked = taints.filter(
    (taint) => taint.effect === "PreferNoSchedule" && !tolerates(pod.spec.tolerations, taint),
  )
  return Math.max(0, 100 - 10 * disliked.length)
}
