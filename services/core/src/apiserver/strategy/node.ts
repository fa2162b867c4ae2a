import type { Node } from "@wick/sdk/api/core/node"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { jsonEqual } from "../patch/json-value.ts"
import { each, forbidden, repeated, required } from "./mistake.ts"
import { labelValue, qualifiedName } from "./name-format.ts"
import type { Strategy } from "./strategy.ts"

type Spec = NonNullable<Node["spec"]>

export const nodes: Strategy = {
  validate(object, old) {
    const { spec } = object as unknown as Node
    const before = (old as unknown as Node | undefined)?.spec
    return [...taintMistakes(spec?.taints), ...(before ? changeMistakes(spec ?? {}, before) : [])]
  },
  validateStatus(object) {
    const { status } = object as unknown as Node
    return repeated("status.addresses", status?.addresses, ({ type, address }) => `${type} ${address}`, "")
  },
}

function taintMistakes(taints: Spec["taints"]): FieldError[] {
  const seen = new Set<string>()
  return each("spec.taints", taints, (taint, at) => {
    const key = `${taint.key}:${taint.effect}`
    const isRepeated = seen.has(key)
    seen.add(key)
    const detail = "taints must be unique by key and effect pair"
    return [
      ...(taint.key === "" ? [required(`${at}.key`)] : qualifiedName(`${at}.key`, taint.key)),
      ...labelValue(`${at}.value`, taint.value ?? ""),
      ...(isRepeated ? [{ type: "Duplicate" as const, field: at, value: taint, detail }] : []),
    ]
  })
}

/** What a node was given once, pods and machines rely on. */
function changeMistakes(spec: Spec, old: Spec): FieldError[] {
  const kept = (field: "podCIDR" | "podCIDRs" | "providerID", name: string): FieldError[] => {
    const before = old[field]
    if (before === undefined || before.length === 0 || jsonEqual(spec[field], before)) return []
    return [forbidden(`spec.${field}`, `node updates may not change ${name} except from "" to valid`)]
  }
  return [...kept("podCIDRs", "podCIDR"), ...kept("providerID", "providerID")]
}
