import * as z from "zod"
import { age } from "../column.ts"
import { named, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"

const networking = "io.k8s.api.networking.v1."

const ParentReference = named(
  `${networking}ParentReference`,
  "The object that an address is given to.",
  z.object({
    group: optional(text, "Group of its resource."),
    resource: required(text, "Its resource."),
    namespace: optional(text, "Its namespace."),
    name: required(text, "Its name."),
  }),
)

export const IPAddress = defineKind({
  group: "networking.k8s.io",
  version: "v1",
  kind: "IPAddress",
  plural: "ipaddresses",
  shortNames: ["ip"],
  namespaced: false,
  description: "IPAddress is one address, named by itself, and whom it is given to.",
  schema: z.object({
    spec: optional(
      named(
        `${networking}IPAddressSpec`,
        "Whom the address is given to.",
        z.object({ parentRef: required(ParentReference, "The object.") }),
      ),
      "Whom it is given to.",
    ),
  }),
  selectableFields: [],
  columns: [{ name: "ParentRef", type: "string", value: (it): string => parent(it) }, age],
})
export type IPAddress = KindOf<typeof IPAddress>

function parent({ spec }: IPAddress): string {
  if (!spec) return ""
  const { group, resource, namespace, name } = spec.parentRef
  return [group ? `${resource}.${group}` : resource, namespace, name].filter(Boolean).join("/")
}
