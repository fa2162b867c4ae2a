import * as z from "zod"
import { age } from "../column.ts"
import { named, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"

const networking = "io.k8s.api.networking.v1."

const IngressClassParametersReference = named(
  `${networking}IngressClassParametersReference`,
  "An object that says more about the class.",
  z.object({
    apiGroup: optional(text, "Group of its kind; the core group when absent."),
    kind: required(text, "Its kind."),
    name: required(text, "Its name."),
    scope: optional(text, "Cluster or Namespace."),
    namespace: optional(text, "Its namespace, with the scope Namespace."),
  }),
)

export const IngressClass = defineKind({
  group: "networking.k8s.io",
  version: "v1",
  kind: "IngressClass",
  plural: "ingressclasses",
  namespaced: false,
  description: "IngressClass names a controller that serves Ingresses.",
  schema: z.object({
    spec: optional(
      named(
        `${networking}IngressClassSpec`,
        "The controller and its parameters.",
        z.object({
          controller: optional(text, "The controller, as `domain/path`; never changes."),
          parameters: optional(IngressClassParametersReference, "Further configuration."),
        }),
      ),
      "The controller.",
    ),
  }),
  columns: [
    { name: "Controller", type: "string", value: (it) => it.spec?.controller ?? "" },
    { name: "Parameters", type: "string", value: (it): string => parameters(it) },
    age,
  ],
})
export type IngressClass = KindOf<typeof IngressClass>

function parameters({ spec }: IngressClass): string {
  const named = spec?.parameters
  if (!named) return "<none>"
  const kind = named.apiGroup ? `${named.kind}.${named.apiGroup}` : named.kind
  return `${kind}/${named.name}`
}
