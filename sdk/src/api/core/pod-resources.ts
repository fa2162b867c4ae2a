import { parseQuantity, type QuantityFormat, readQuantity } from "../meta/quantity.ts"
import type { Pod } from "./pod.ts"
import type { ResourceList } from "./resources.ts"

/** Exact amounts by resource, each with the way in which it was written first. */
export type Amounts = Map<string, { readonly nanos: bigint; readonly format: QuantityFormat }>

type Which = "requests" | "limits"

/**
 * What a pod needs (or may use) in all: the sum of its containers, at least as much as any step of its start needs, and
 * its overhead. Init containers run one after the other; those that are always restarted (sidecars) stay.
 */
export function podAmounts({ spec }: Pick<Pod, "spec">, which: Which): Amounts {
  const total: Amounts = new Map()
  for (const { resources } of spec.containers) add(total, resources?.[which])
  const sidecars: Amounts = new Map()
  const peak: Amounts = new Map()
  for (const { resources, restartPolicy } of spec.initContainers ?? []) {
    if (restartPolicy === "Always") {
      add(total, resources?.[which])
      add(sidecars, resources?.[which])
      raise(peak, sidecars)
    } else {
      const step: Amounts = new Map(sidecars)
      add(step, resources?.[which])
      raise(peak, step)
    }
  }
  raise(total, peak)
  // What is said of the pod as a whole wins over the sum of its parts.
  for (const [name, quantity] of Object.entries(spec.resources?.[which] ?? {})) total.set(name, amountOf(quantity))
  for (const [name, quantity] of Object.entries(spec.overhead ?? {})) {
    if (which === "requests" || total.has(name)) add(total, { [name]: quantity })
  }
  return total
}

function add(total: Amounts, list: ResourceList | undefined): void {
  for (const [name, quantity] of Object.entries(list ?? {})) {
    const before = total.get(name)
    const { nanos, format } = amountOf(quantity)
    total.set(name, { nanos: (before?.nanos ?? 0n) + nanos, format: before?.format ?? format })
  }
}

function raise(total: Amounts, other: Amounts): void {
  for (const [name, amount] of other) {
    if ((total.get(name)?.nanos ?? -1n) < amount.nanos) total.set(name, amount)
  }
}

function amountOf(quantity: string | number): { nanos: bigint; format: QuantityFormat } {
  return { nanos: parseQuantity(quantity), format: readQuantity(quantity)?.format ?? "decimal" }
}
