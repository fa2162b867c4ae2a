import type { ResourceRequirements } from "@wick/sdk/api/core/resources"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { canonicalQuantity, compareQuantities, isQuantity, parseQuantity } from "@wick/sdk/api/meta/quantity"
import { invalid, required } from "../mistake.ts"
import { qualifiedName } from "../name-format.ts"

const standard = new Set(["cpu", "memory", "ephemeral-storage"])
const own = "kubernetes.io/"

/** Whether the node may promise more of it than it has. */
function overcommits(name: string): boolean {
  return standard.has(name)
}

export function resourceMistakes(field: string, resources: ResourceRequirements | undefined): FieldError[] {
  const limits = Object.entries(resources?.limits ?? {})
  const requests = Object.entries(resources?.requests ?? {})
  return [
    ...limits.flatMap(([name, amount]) => amountMistakes(`${field}.limits`, name, amount)),
    ...requests.flatMap(([name, amount]) => [
      ...amountMistakes(`${field}.requests`, name, amount),
      ...limitMistakes(field, name, amount, resources?.limits?.[name]),
    ]),
  ]
}

function amountMistakes(field: string, name: string, amount: unknown): FieldError[] {
  const at = `${field}[${name}]`
  const mistakes = qualifiedName(field, name)
  if (mistakes.length === 0 && !name.includes("/") && !standard.has(name) && !name.startsWith("hugepages-")) {
    mistakes.push(invalid(at, name, "must be a standard resource type or fully qualified"))
    mistakes.push(invalid(at, name, "must be a standard resource for containers"))
  }
  if (!isQuantity(amount)) return mistakes
  if (parseQuantity(amount) < 0n) {
    mistakes.push(invalid(at, canonicalQuantity(amount), "must be greater than or equal to 0"))
  }
  const isCount = name.includes("/") && !name.startsWith(own)
  if (isCount && parseQuantity(amount) % 1_000_000_000n !== 0n) {
    mistakes.push(invalid(at, canonicalQuantity(amount), "must be an integer"))
  }
  return mistakes
}

function limitMistakes(field: string, name: string, amount: unknown, limit: unknown): FieldError[] {
  if (!isQuantity(amount)) return []
  if (limit === undefined) {
    const detail = "Limit must be set for non overcommitable resources"
    return overcommits(name) ? [] : [required(`${field}.limits`, detail)]
  }
  if (!isQuantity(limit)) return []
  const order = compareQuantities(amount, limit)
  const fits = overcommits(name) ? order <= 0 : order === 0
  if (fits) return []
  const relation = overcommits(name) ? "less than or equal to" : "equal to"
  const detail = `must be ${relation} ${name} limit of ${canonicalQuantity(limit)}`
  return [invalid(`${field}.requests`, canonicalQuantity(amount), detail)]
}
