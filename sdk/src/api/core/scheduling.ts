import * as z from "zod"
import { atomicList, coreType, int32, int64, optional, required, text } from "../field.ts"
import { LabelSelector } from "../meta/label-selector.ts"
import { Time } from "../meta/object-meta.ts"

const effects = z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])

export const Taint = coreType(
  "Taint",
  "What keeps pods away from a node unless they tolerate it.",
  z.object({
    key: required(text, "Key of the taint."),
    value: optional(text, "Value of the taint."),
    effect: required(effects, "What it does to pods that do not tolerate it."),
    timeAdded: optional(Time, "When it was added."),
  }),
)
export type Taint = z.output<typeof Taint>

export const Toleration = coreType(
  "Toleration",
  "A taint that a pod does not mind.",
  z.object({
    key: optional(text, "Key of the taint; every key when empty, with operator Exists."),
    operator: optional(text, "Equal (when absent) or Exists."),
    value: optional(text, "Value of the taint, for Equal."),
    effect: optional(effects, "Effect of the taint; every effect when absent."),
    tolerationSeconds: optional(int64, "Seconds that a NoExecute taint is tolerated; for ever when absent."),
  }),
)
export type Toleration = z.output<typeof Toleration>

export const TopologySpreadConstraint = coreType(
  "TopologySpreadConstraint",
  "How evenly pods spread over zones, nodes or the like.",
  z.object({
    maxSkew: required(int32, "Difference in count that is allowed."),
    topologyKey: required(text, "Node label whose values are the places."),
    whenUnsatisfiable: required(z.enum(["DoNotSchedule", "ScheduleAnyway"]), "What to do when it cannot be met."),
    labelSelector: optional(LabelSelector, "Pods that are counted."),
    minDomains: optional(int32, "Places that there must be."),
    nodeAffinityPolicy: optional(text, "Whether node affinity limits the places: Honor or Ignore."),
    nodeTaintsPolicy: optional(text, "Whether taints limit the places: Honor or Ignore."),
    matchLabelKeys: optional(z.array(text), "Labels whose values must be equal to the own.", atomicList),
  }),
)
export type TopologySpreadConstraint = z.output<typeof TopologySpreadConstraint>
