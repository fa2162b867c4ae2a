import * as z from "zod"
import { age } from "../column.ts"
import { optional, required } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { PodSpec } from "./pod-spec.ts"
import { PodStatus } from "./pod-status.ts"
import { podReadyText, podRestartsText, podStatusText, readinessGatesText } from "./pod-summary.ts"

export const Pod = defineKind({
  group: "",
  version: "v1",
  kind: "Pod",
  plural: "pods",
  shortNames: ["po"],
  categories: ["all"],
  description: "Pod is a group of containers that run together on one node.",
  schema: z.object({
    spec: required(PodSpec, "What the pod should be."),
    status: optional(PodStatus, "What the pod is doing."),
  }),
  subresources: { status: true },
  selectableFields: [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.podIPs",
    "status.nominatedNodeName",
  ],
  fieldTexts: {
    "spec.hostNetwork": (pod) => String(pod.spec?.hostNetwork ?? false),
    "status.podIPs": (pod) => (pod.status?.podIPs ?? []).map(({ ip }: { ip: string }) => ip).join(","),
  },
  columns: [
    { name: "Ready", type: "string", description: "Containers that can serve, of all.", value: podReadyText },
    { name: "Status", type: "string", description: "What the pod is doing.", value: podStatusText },
    { name: "Restarts", type: "string", description: "Restarts of its containers.", value: podRestartsText },
    age,
    { name: "IP", type: "string", priority: 1, value: (pod) => pod.status?.podIPs?.[0]?.ip ?? "<none>" },
    { name: "Node", type: "string", priority: 1, value: (pod) => pod.spec?.nodeName ?? "<none>" },
    {
      name: "Nominated Node",
      type: "string",
      priority: 1,
      value: (pod) => pod.status?.nominatedNodeName ?? "<none>",
    },
    { name: "Readiness Gates", type: "string", priority: 1, value: readinessGatesText },
  ],
})
export type Pod = KindOf<typeof Pod>
