import * as z from "zod"
import { age } from "../column.ts"
import { int32, named, optional, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { MicroTime } from "../meta/object-meta.ts"

export const LeaseSpec = named(
  "io.k8s.api.coordination.v1.LeaseSpec",
  "Who holds a lease, and until when.",
  z.object({
    holderIdentity: optional(text, "Who holds it."),
    leaseDurationSeconds: optional(int32, "Seconds after renewTime that others must wait."),
    acquireTime: optional(MicroTime, "When the holder took it."),
    renewTime: optional(MicroTime, "When the holder last renewed it."),
    leaseTransitions: optional(int32, "How often it changed hands."),
    strategy: optional(text, "How holders are chosen."),
    preferredHolder: optional(text, "Who should hold it."),
  }),
)
export const Lease = defineKind({
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  description: "Lease says who is in charge of something, for a limited time.",
  schema: z.object({ spec: optional(LeaseSpec, "Who holds it.") }),
  columns: [{ name: "Holder", type: "string", value: (lease) => lease.spec?.holderIdentity ?? "" }, age],
})
export type Lease = KindOf<typeof Lease>
