import type { Features } from "@wick/sdk/api/serving/config"
import { type FieldError, invalidValue, mistake, outOfBounds, via, viaEach } from "@wick/sdk/api/serving/field-error"
import { beyond } from "./field-mask.ts"
import type { PodSecurityView, RevisionSpecView, SecurityView } from "./pod-view.ts"

const idMax = 2 ** 31 - 1

/** Users and groups that are none. */
function idMistakes(ids: Readonly<Record<string, number | undefined>>): FieldError[] {
  return Object.entries(ids).flatMap(([field, id]) =>
    id === undefined || (id >= 0 && id <= idMax) ? [] : [outOfBounds(id, 0, idMax, field)],
  )
}

const podFields = ["runAsUser", "runAsGroup", "runAsNonRoot", "fsGroup", "supplementalGroups", "seccompProfile"]

export function podSecurityMistakes(context: PodSecurityView | undefined, features: Features): FieldError[] {
  if (context === undefined) return []
  const { runAsUser, runAsGroup, fsGroup, supplementalGroups } = context
  return [
    ...beyond(context, features.permits("podspec-securitycontext") ? podFields : []),
    ...idMistakes({ runAsUser, runAsGroup, fsGroup }),
    ...viaEach("supplementalGroups", supplementalGroups, (group) => idMistakes({ "": group })),
  ]
}

const containerFields = [
  "capabilities",
  "readOnlyRootFilesystem",
  "runAsUser",
  "runAsGroup",
  "runAsNonRoot",
  "allowPrivilegeEscalation",
  "seccompProfile",
]
/** The one power that a container is given by default, where it needs it for its port. */
const bindService = "NET_BIND_SERVICE"

export function securityMistakes(context: SecurityView | undefined, features: Features): FieldError[] {
  if (context === undefined) return []
  const { runAsUser, runAsGroup, capabilities } = context
  const isBind = capabilities?.add?.length === 1 && capabilities.add[0] === bindService
  const mayAdd =
    features.permits("containerspec-addcapabilities") || (isBind && features["secure-pod-defaults"] !== "Disabled")
  return [
    ...beyond(context, containerFields),
    ...via("capabilities", beyond(capabilities, mayAdd ? ["drop", "add"] : ["drop"])),
    ...idMistakes({ runAsUser, runAsGroup }),
  ]
}

const insecure = "Kubernetes default value is insecure, Knative may default this to secure in a future release"

/** What containers leave to Kubernetes' defaults although those are not safe. */
export function securityWarnings({ securityContext, containers, initContainers }: RevisionSpecView): FieldError[] {
  const judge = (container: { readonly securityContext?: SecurityView }): FieldError[] =>
    via("securityContext", defaultWarnings(securityContext ?? {}, container.securityContext ?? {}))
  const warnings = [...viaEach("containers", containers, judge), ...viaEach("initContainers", initContainers, judge)]
  return warnings.map((warning): FieldError => ({ ...warning, level: "warning" }))
}

function defaultWarnings(pod: PodSecurityView, own: SecurityView): FieldError[] {
  const open: string[] = []
  if (pod.runAsNonRoot === undefined && own.runAsNonRoot === undefined) open.push("runAsNonRoot")
  if (own.allowPrivilegeEscalation === undefined) open.push("allowPrivilegeEscalation")
  if (own.seccompProfile === undefined && pod.seccompProfile === undefined) open.push("seccompProfile")
  else if (!own.seccompProfile?.type && !pod.seccompProfile?.type) open.push("seccompProfile.type")
  if (own.capabilities === undefined) open.push("capabilities")
  else if (own.capabilities.drop === undefined) open.push("capabilities.drop")
  const misspelled = own.capabilities?.drop?.[0] === "all"
  return [
    ...(open.length > 0 ? [mistake(insecure, ...open)] : []),
    ...(misspelled ? [invalidValue("all", "capabilities.drop", "Must be spelled as 'ALL'")] : []),
  ]
}
