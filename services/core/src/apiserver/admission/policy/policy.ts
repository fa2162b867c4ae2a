import type { MatchResources } from "@wick/sdk/api/admissionregistration/admission-policy"
import type { MutatingAdmissionPolicy } from "@wick/sdk/api/admissionregistration/mutating-admission-policy"
import type { MutatingAdmissionPolicyBinding } from "@wick/sdk/api/admissionregistration/mutating-admission-policy-binding"
import type { ValidatingAdmissionPolicy } from "@wick/sdk/api/admissionregistration/validating-admission-policy"
import type { ValidatingAdmissionPolicyBinding } from "@wick/sdk/api/admissionregistration/validating-admission-policy-binding"
import type { AnyObject } from "@wick/sdk/api/kind"
import type { Mirror } from "../../mirror.ts"

export type { MatchResources }
export type Validating = ValidatingAdmissionPolicy
export type Mutating = MutatingAdmissionPolicy
export type Policy = Validating | Mutating
type Binding = ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding

/** A policy with one of its bindings: what is in force. */
export interface Bound<Kind extends Policy = Policy> {
  readonly policy: Kind
  readonly binding: Binding
}

export const prefix = "/registry/admissionregistration.k8s.io/"

/** What is in force, by names of policy and binding. The list is put together once per change. */
export function boundPolicies<Kind extends Policy>(
  mirror: Mirror<AnyObject>,
  plural: string,
): () => readonly Bound<Kind>[] {
  let made: { readonly generation: number; readonly list: readonly Bound<Kind>[] } | undefined
  return () => {
    if (made?.generation === mirror.generation) return made.list
    const list: Bound<Kind>[] = []
    const keys = [...mirror.entries()].sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [key, value] of keys) {
      if (!key.startsWith(`${plural}bindings/`)) continue
      const binding = value as unknown as Binding
      const policy = mirror.get(`${plural.replace(/y$/, "ies")}/${binding.spec?.policyName}`)
      if (policy) list.push({ policy: policy as unknown as Kind, binding })
    }
    made = { generation: mirror.generation, list: list.sort((a, b) => (name(a) < name(b) ? -1 : 1)) }
    return made.list
  }
}

function name({ policy, binding }: Bound): string {
  return `${policy.metadata.name}\n${binding.metadata.name}`
}
