import { ComponentStatus } from "@wick/sdk/api/core/component-status"
import type { AnyObject } from "@wick/sdk/api/kind"
import type { HealthCheck } from "./health.ts"

/** The server's health checks in the form of old: one ComponentStatus each. */
export function componentStatuses(checks: readonly HealthCheck[]): AnyObject[] {
  return checks.map(({ name, isWell }) => {
    const condition = isWell()
      ? { type: "Healthy", status: "True", message: "ok" }
      : { type: "Healthy", status: "False", error: `the check ${name} failed` }
    return {
      apiVersion: ComponentStatus.apiVersion,
      kind: ComponentStatus.kind,
      metadata: { name },
      conditions: [condition],
    }
  })
}
