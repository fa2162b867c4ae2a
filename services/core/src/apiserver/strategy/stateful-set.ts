import type { StatefulSet } from "@wick/sdk/api/apps/stateful-set"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { jsonEqual } from "../patch/json-value.ts"
import { forgetStatus } from "./initial-status.ts"
import { each, forbidden, invalid, notNegative, oneOf, present } from "./mistake.ts"
import { claimSpecMistakes } from "./persistent-volume-claim.ts"
import { templateSelectorMistakes } from "./selector.ts"
import type { Strategy } from "./strategy.ts"
import { fillPodSpec, keepsRunning, templateMistakes } from "./template.ts"
import { countMistakes, deadlineMistakes, isNothing, wholeMistakes } from "./workload.ts"

type Spec = StatefulSet["spec"]

function fill({ spec }: StatefulSet): void {
  fillPodSpec(spec.template.spec)
  spec.updateStrategy.type ??= "RollingUpdate"
  if (spec.updateStrategy.type === "RollingUpdate") {
    spec.updateStrategy.rollingUpdate = { partition: 0, ...spec.updateStrategy.rollingUpdate }
  }
  spec.persistentVolumeClaimRetentionPolicy = {
    whenDeleted: spec.persistentVolumeClaimRetentionPolicy?.whenDeleted ?? "Retain",
    whenScaled: spec.persistentVolumeClaimRetentionPolicy?.whenScaled ?? "Retain",
  }
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion ??= "v1"
    claim.kind ??= "PersistentVolumeClaim"
    claim.spec.volumeMode ??= "Filesystem"
  }
}

export const statefulSets: Strategy = {
  prepareCreate(object) {
    forgetStatus(object)
    fill(object as unknown as StatefulSet)
  },
  prepareUpdate: (object) => fill(object as unknown as StatefulSet),
  validate(object, old) {
    const { spec } = object as unknown as StatefulSet
    const before = (old as unknown as StatefulSet | undefined)?.spec
    return [
      ...managementMistakes(spec.podManagementPolicy),
      ...updateMistakes(spec.updateStrategy),
      ...retentionMistakes(spec.persistentVolumeClaimRetentionPolicy),
      ...notNegative("spec.replicas", spec.replicas),
      ...notNegative("spec.minReadySeconds", spec.minReadySeconds),
      ...notNegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit),
      ...notNegative("spec.ordinals.start", spec.ordinals?.start),
      ...templateSelectorMistakes("spec", spec.selector, spec.template.metadata?.labels),
      ...templateMistakes("spec.template", withClaims(spec), keepsRunning),
      ...deadlineMistakes("StatefulSet", spec.template.spec.activeDeadlineSeconds),
      ...each("spec.volumeClaimTemplates", spec.volumeClaimTemplates, (claim, at) => [
        ...present(`${at}.metadata.name`, claim.metadata?.name),
        ...claimSpecMistakes(`${at}.spec`, claim.spec),
      ]),
      ...(before ? changeMistakes(spec, before) : []),
    ]
  },
}

/** The template as its pods will be: every claim is a volume of its name. */
function withClaims({ template, volumeClaimTemplates = [] }: Spec): Spec["template"] {
  const claims = volumeClaimTemplates.flatMap(({ metadata }) => metadata?.name ?? [])
  const own = (template.spec.volumes ?? []).filter(({ name }) => !claims.includes(name))
  const made = claims.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }))
  return { ...template, spec: { ...template.spec, volumes: [...own, ...made] } }
}

function managementMistakes(policy: string): FieldError[] {
  if (policy === "OrderedReady" || policy === "Parallel") return []
  return [invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'")]
}

function updateMistakes({ type, rollingUpdate }: Spec["updateStrategy"]): FieldError[] {
  const at = "spec.updateStrategy"
  if (type === "OnDelete") {
    const detail = "only allowed for updateStrategy 'RollingUpdate'"
    return rollingUpdate ? [invalid(`${at}.rollingUpdate`, rollingUpdate, detail)] : []
  }
  if (type !== "RollingUpdate") return [invalid(at, { type }, "must be 'RollingUpdate' or 'OnDelete'")]
  const { partition, maxUnavailable } = rollingUpdate ?? {}
  const field = `${at}.rollingUpdate.maxUnavailable`
  return [
    ...notNegative(`${at}.rollingUpdate.partition`, partition),
    ...countMistakes(field, maxUnavailable),
    ...wholeMistakes(field, maxUnavailable),
    ...(isNothing(maxUnavailable) ? [invalid(field, maxUnavailable, "cannot be 0")] : []),
  ]
}

function retentionMistakes(policy: Spec["persistentVolumeClaimRetentionPolicy"]): FieldError[] {
  const at = "spec.persistentVolumeClaimRetentionPolicy"
  return [
    ...oneOf(`${at}.whenDeleted`, policy?.whenDeleted, ["Delete", "Retain"]),
    ...oneOf(`${at}.whenScaled`, policy?.whenScaled, ["Delete", "Retain"]),
  ]
}

function changeMistakes(spec: Spec, old: Spec): FieldError[] {
  const fixed = (each: Spec): unknown => {
    const { selector, serviceName, podManagementPolicy, volumeClaimTemplates = [] } = each
    const claims = volumeClaimTemplates.map(({ status: _, ...claim }) => claim)
    return JSON.parse(JSON.stringify({ selector, serviceName, podManagementPolicy, claims }))
  }
  if (jsonEqual(fixed(spec), fixed(old))) return []
  const detail =
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
  return [forbidden("spec", detail)]
}
