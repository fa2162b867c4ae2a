import * as z from "zod"
import { age } from "../column.ts"
import { atomicList, mapList, named, optional, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { Condition } from "../meta/condition.ts"

const networking = "io.k8s.api.networking.v1."

export const ServiceCIDR = defineKind({
  group: "networking.k8s.io",
  version: "v1",
  kind: "ServiceCIDR",
  plural: "servicecidrs",
  namespaced: false,
  description: "ServiceCIDR is a range that Services' addresses are taken from.",
  schema: z.object({
    spec: optional(
      named(
        `${networking}ServiceCIDRSpec`,
        "The range.",
        z.object({ cidrs: optional(z.array(text), "One range per IP family; never changes.", atomicList) }),
      ),
      "The range.",
    ),
    status: optional(
      named(
        `${networking}ServiceCIDRStatus`,
        "Whether it is used.",
        z.object({ conditions: optional(z.array(Condition), "Aspects of its state.", mapList("type")) }),
      ),
      "Whether it is used.",
    ),
  }),
  subresources: { status: true },
  columns: [{ name: "CIDRs", type: "string", value: ({ spec }) => (spec?.cidrs ?? []).join(",") }, age],
})
export type ServiceCIDR = KindOf<typeof ServiceCIDR>
