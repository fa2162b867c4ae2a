import type { HorizontalPodAutoscaler } from "@wick/sdk/api/autoscaling/horizontal-pod-autoscaler"
import { parseQuantity, type Quantity } from "@wick/sdk/api/meta/quantity"

/** By how much of its target a metric may be off without a change, where nobody says. */
const usualShare = 0.1

export interface Tolerance {
  readonly up: number
  readonly down: number
}

export function toleranceOf(behavior: HorizontalPodAutoscaler["spec"]["behavior"]): Tolerance {
  return { up: share(behavior?.scaleUp?.tolerance), down: share(behavior?.scaleDown?.tolerance) }
}

export function isTolerable(ratio: number, { up, down }: Tolerance): boolean {
  return 1 - down <= ratio && ratio <= 1 + up
}

function share(quantity: Quantity | undefined): number {
  return quantity === undefined ? usualShare : Number(parseQuantity(quantity)) / 1e9
}
