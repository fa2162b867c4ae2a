import * as z from "zod"
import { atomicList, atomicMap, coreType, int32, optional, required, text } from "../field.ts"
import { LabelSelector } from "../meta/label-selector.ts"

export const NodeSelectorRequirement = coreType(
  "NodeSelectorRequirement",
  "A condition on a label or field of a node.",
  z.object({
    key: required(text, "Key of the label, or the field."),
    operator: required(text, "In, NotIn, Exists, DoesNotExist, Gt or Lt."),
    values: optional(z.array(text), "Values for the operator.", atomicList),
  }),
)
export type NodeSelectorRequirement = z.output<typeof NodeSelectorRequirement>

export const NodeSelectorTerm = coreType(
  "NodeSelectorTerm",
  "Conditions that must all hold; without any, it selects nothing.",
  z.object({
    matchExpressions: optional(z.array(NodeSelectorRequirement), "On labels.", atomicList),
    matchFields: optional(z.array(NodeSelectorRequirement), "On fields.", atomicList),
  }),
  atomicMap,
)
export type NodeSelectorTerm = z.output<typeof NodeSelectorTerm>

export const NodeSelector = coreType(
  "NodeSelector",
  "Terms of which one must hold.",
  z.object({ nodeSelectorTerms: required(z.array(NodeSelectorTerm), "The terms.", atomicList) }),
  atomicMap,
)
export type NodeSelector = z.output<typeof NodeSelector>

export const PreferredSchedulingTerm = coreType(
  "PreferredSchedulingTerm",
  "A preference for nodes.",
  z.object({
    weight: required(int32, "1 to 100."),
    preference: required(NodeSelectorTerm, "The preferred nodes."),
  }),
)

export const NodeAffinity = coreType(
  "NodeAffinity",
  "Which nodes a pod may or would like to run on.",
  z.object({
    requiredDuringSchedulingIgnoredDuringExecution: optional(NodeSelector, "Nodes that it may run on."),
    preferredDuringSchedulingIgnoredDuringExecution: optional(
      z.array(PreferredSchedulingTerm),
      "Nodes that it would like to run on.",
      atomicList,
    ),
  }),
)

export const PodAffinityTerm = coreType(
  "PodAffinityTerm",
  "Pods that this one belongs near to, or far from.",
  z.object({
    labelSelector: optional(LabelSelector, "Those pods; none when absent."),
    namespaces: optional(z.array(text), "Their namespaces; the own one when absent.", atomicList),
    topologyKey: required(text, "Node label whose equal values mean near."),
    namespaceSelector: optional(LabelSelector, "Their namespaces, by label."),
    matchLabelKeys: optional(z.array(text), "Labels whose values must be equal to the own.", atomicList),
    mismatchLabelKeys: optional(z.array(text), "Labels whose values must differ from the own.", atomicList),
  }),
)

export type PodAffinityTerm = z.output<typeof PodAffinityTerm>

export const WeightedPodAffinityTerm = coreType(
  "WeightedPodAffinityTerm",
  "A preference for nearness.",
  z.object({
    weight: required(int32, "1 to 100."),
    podAffinityTerm: required(PodAffinityTerm, "The pods."),
  }),
)

const terms = {
  requiredDuringSchedulingIgnoredDuringExecution: optional(z.array(PodAffinityTerm), "What must hold.", atomicList),
  preferredDuringSchedulingIgnoredDuringExecution: optional(
    z.array(WeightedPodAffinityTerm),
    "What should hold.",
    atomicList,
  ),
}
export const PodAffinity = coreType("PodAffinity", "Which pods to run near to.", z.object(terms))
export const PodAntiAffinity = coreType("PodAntiAffinity", "Which pods to run far from.", z.object(terms))

export const Affinity = coreType(
  "Affinity",
  "Where a pod may or would like to run.",
  z.object({
    nodeAffinity: optional(NodeAffinity, "By nodes."),
    podAffinity: optional(PodAffinity, "Near to pods."),
    podAntiAffinity: optional(PodAntiAffinity, "Far from pods."),
  }),
)
export type Affinity = z.output<typeof Affinity>
