import type { APIService } from "@wick/sdk/api/apiregistration/api-service"
import { withCondition } from "@wick/sdk/api/meta/condition"

type Condition = NonNullable<NonNullable<APIService["status"]>["conditions"]>[number]

/** Whether an API can be used, and why not, as `kubectl get apiservices` shows it. */
export interface Verdict {
  readonly isAvailable: boolean
  readonly reason: string
  readonly message: string
}

export const passed: Verdict = { isAvailable: true, reason: "Passed", message: "all checks passed" }
export const local: Verdict = {
  isAvailable: true,
  reason: "Local",
  message: "Local APIServices are always available",
}

export function failedCheck(url: string, because: string): Verdict {
  const message = `failing or missing response from ${url}: ${because}`
  return { isAvailable: false, reason: "FailedDiscoveryCheck", message }
}

/** Pure: the conditions with the verdict among them. */
export function withVerdict(
  conditions: readonly Condition[] | undefined,
  { isAvailable, reason, message }: Verdict,
  now: string,
): Condition[] {
  const status = isAvailable ? ("True" as const) : ("False" as const)
  return withCondition<Condition>(conditions, { type: "Available", status, reason, message }, now)
}
