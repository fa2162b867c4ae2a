import type { FieldError } from "@wick/sdk/api/meta/field-error"
import type { PodDisruptionBudget } from "@wick/sdk/api/policy/pod-disruption-budget"
import { forgetStatus } from "./initial-status.ts"
import { invalid, notNegative, oneOf } from "./mistake.ts"
import { selectorMistakes } from "./selector.ts"
import type { Strategy } from "./strategy.ts"
import { countMistakes, wholeMistakes } from "./workload.ts"

export const podDisruptionBudgets: Strategy = {
  prepareCreate: forgetStatus,
  validate(object) {
    const { spec } = object as unknown as PodDisruptionBudget
    const { minAvailable, maxUnavailable } = spec
    const both = "minAvailable and maxUnavailable cannot be both set"
    return [
      ...(minAvailable !== undefined && maxUnavailable !== undefined ? [invalid("spec", spec, both)] : []),
      ...amountMistakes("spec.minAvailable", minAvailable),
      ...amountMistakes("spec.maxUnavailable", maxUnavailable),
      ...selectorMistakes("spec.selector", spec.selector),
      ...oneOf("spec.unhealthyPodEvictionPolicy", spec.unhealthyPodEvictionPolicy, ["AlwaysAllow", "IfHealthyBudget"]),
    ]
  },
  validateStatus(object) {
    const { status } = object as unknown as PodDisruptionBudget
    return [
      ...notNegative("status.disruptionsAllowed", status?.disruptionsAllowed),
      ...notNegative("status.currentHealthy", status?.currentHealthy),
      ...notNegative("status.desiredHealthy", status?.desiredHealthy),
      ...notNegative("status.expectedPods", status?.expectedPods),
    ]
  },
}

function amountMistakes(field: string, amount: string | number | undefined): FieldError[] {
  return [...countMistakes(field, amount), ...wholeMistakes(field, amount)]
}
