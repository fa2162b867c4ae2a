import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { AdmissionAttributes } from "./step.ts"

/** A step's no, in the words that Kubernetes puts before them all. */
export function forbidden({ group, resource, name }: AdmissionAttributes, why: string): StatusError {
  const qualified = group === "" ? resource : `${resource}.${group}`
  const details = { name, kind: resource, ...(group !== "" && { group }) }
  return new StatusError("Forbidden", `${qualified} "${name}" is forbidden: ${why}`, details)
}

/** Several reasons as Kubernetes writes them: `[one, two]`; a single one stands alone. */
export function aggregated(reasons: readonly string[]): string {
  const [first = "", ...others] = [...new Set(reasons)]
  return others.length === 0 ? first : `[${[first, ...others].join(", ")}]`
}
