import * as z from "zod"
import { atomicList, atomicMap, defaulted, named, optional, required, text, texts } from "../field.ts"
import { LabelSelector } from "../meta/label-selector.ts"

const group = "io.k8s.api.rbac.v1."
export const PolicyRule = named(
  `${group}PolicyRule`,
  "What may be done to what.",
  z.object({
    verbs: required(texts, "What: get, list, create, …; * for all.", atomicList),
    apiGroups: optional(texts, "Groups of the resources.", atomicList),
    resources: optional(texts, "Resources, such as pods or pods/log.", atomicList),
    resourceNames: optional(texts, "Only objects of these names.", atomicList),
    nonResourceURLs: optional(texts, "Paths that are no resources, in a ClusterRole.", atomicList),
  }),
)
export type PolicyRule = z.output<typeof PolicyRule>
export const Subject = named(
  `${group}Subject`,
  "Who.",
  z.object({
    kind: required(text, "User, Group or ServiceAccount."),
    apiGroup: optional(text, "Group of the kind."),
    name: required(text, "Name of the subject."),
    namespace: optional(text, "Namespace of a service account."),
  }),
  atomicMap,
)
export type Subject = z.output<typeof Subject>
export const RoleRef = named(
  `${group}RoleRef`,
  "A role.",
  z.object({
    apiGroup: defaulted(text, "rbac.authorization.k8s.io", "rbac.authorization.k8s.io."),
    kind: required(text, "Role or ClusterRole."),
    name: required(text, "Name of the role."),
  }),
  atomicMap,
)
export type RoleRef = z.output<typeof RoleRef>
export const AggregationRule = named(
  `${group}AggregationRule`,
  "Whose rules a role gathers.",
  z.object({ clusterRoleSelectors: optional(z.array(LabelSelector), "Labels of those roles.", atomicList) }),
)

interface SeenBinding {
  roleRef?: { kind: string; name: string }
  subjects?: { kind: string; name: string; namespace?: string | undefined }[]
}
const namesOf = (binding: SeenBinding, kind: string, withNamespace = false): string =>
  (binding.subjects ?? [])
    .filter((subject) => subject.kind === kind)
    .map(({ name, namespace }) => (withNamespace ? `${namespace}/${name}` : name))
    .join(", ")

/** Columns that both kinds of binding have. */
export const bindingColumns = {
  role: {
    name: "Role",
    type: "string" as const,
    value: ({ roleRef }: SeenBinding) => `${roleRef?.kind}/${roleRef?.name}`,
  },
  subjects: [
    { name: "Users", type: "string" as const, priority: 1, value: (binding: SeenBinding) => namesOf(binding, "User") },
    {
      name: "Groups",
      type: "string" as const,
      priority: 1,
      value: (binding: SeenBinding) => namesOf(binding, "Group"),
    },
    {
      name: "ServiceAccounts",
      type: "string" as const,
      priority: 1,
      value: (binding: SeenBinding) => namesOf(binding, "ServiceAccount", true),
    },
  ],
}
