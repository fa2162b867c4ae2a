/**
 * In which order groups and versions are offered. A client that finds a name in several groups takes the first of them:
 * `kubectl get pods` means core's pods and not those of metrics.k8s.io.
 */
export interface Priority {
  /** Groups of larger numbers come first. */
  readonly group: number
  /** Versions of larger numbers come first in their group. */
  readonly version: number
}

const ofGroup: Readonly<Record<string, number>> = {
  // The group by which groups are registered comes first of all.
  "apiregistration.k8s.io": 20_000,
  "": 18_000,
  apps: 17_800,
  "events.k8s.io": 17_750,
  "authentication.k8s.io": 17_700,
  "authorization.k8s.io": 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  "certificates.k8s.io": 17_300,
  "networking.k8s.io": 17_200,
  policy: 17_100,
  "rbac.authorization.k8s.io": 17_000,
  "storage.k8s.io": 16_800,
  "apiextensions.k8s.io": 16_700,
  "admissionregistration.k8s.io": 16_700,
  "scheduling.k8s.io": 16_600,
  "coordination.k8s.io": 16_500,
  "node.k8s.io": 16_300,
  "discovery.k8s.io": 16_200,
  "flowcontrol.apiserver.k8s.io": 16_100,
  "metrics.k8s.io": 100,
}

const ofCustom: Priority = { group: 1_000, version: 100 }
/** Of a group of Kubernetes that the table does not name: after all that it names, before what people define. */
const otherGroup = 10_000

/** Pure: what a group and version of this server's own has, unless its APIService says otherwise. */
export function priorityOf(group: string, version: string, custom: boolean): Priority {
  if (custom) return ofCustom
  if (group === "") return { group: 18_000, version: 1 }
  return { group: ofGroup[group] ?? otherGroup, version: versionPriority(group, version) }
}

function versionPriority(group: string, version: string): number {
  if (group === "metrics.k8s.io") return 100
  if (group === "autoscaling" && version === "v2") return 30
  if (/alpha/.test(version)) return 1
  return /beta/.test(version) ? 9 : 15
}
