import type { NewOf } from "@wick/sdk/api"
import type { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import { currentCondition, isTrue, isUnknown, type Mark } from "../../conditions.ts"
import { sameJson } from "../../same-json.ts"

/** What whoever wants an Ingress has to write: all of it, a changed one, or nothing. */
export function ingressUpdate(
  existing: Ingress | undefined,
  wanted: NewOf<typeof Ingress>,
): NewOf<typeof Ingress> | undefined {
  if (!existing) return wanted
  const { labels, annotations } = wanted.metadata
  const before = { labels: existing.metadata.labels, annotations: existing.metadata.annotations, spec: existing.spec }
  if (sameJson(before, { labels, annotations, spec: wanted.spec })) return undefined
  const metadata = { ...existing.metadata, labels, annotations }
  return { ...existing, metadata, spec: wanted.spec } as NewOf<typeof Ingress>
}

/** An Ingress' readiness as that of whoever wanted it, if its gateways have looked at its present generation. */
export function ingressReadiness(ingress: Ingress | undefined): Mark {
  const ready = ingress && currentCondition(ingress, "Ready")
  if (!ready) return isUnknown("IngressNotConfigured", "Ingress has not yet been reconciled.")
  return ready.status === "True"
    ? isTrue
    : { status: ready.status, reason: ready.reason ?? "", message: ready.message ?? "" }
}
