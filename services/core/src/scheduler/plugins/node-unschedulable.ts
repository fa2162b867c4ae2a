import { type Filter, fits } from "./plugin.ts"
import { tolerates } from "./taint-toleration.ts"

const taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" } as const

/** A cordoned node takes no new pods but those that tolerate it. */
export const nodeUnschedulable: Filter = ({ pod }, { node }) =>
  !node.spec?.unschedulable || tolerates(pod.spec.tolerations, taint) ? fits : ["node(s) were unschedulable"]
