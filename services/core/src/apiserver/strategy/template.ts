import type { PodSpec } from "@wick/sdk/api/core/pod-spec"
import type { PodTemplateSpec } from "@wick/sdk/api/core/pod-template"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { forbidden, unsupported } from "./mistake.ts"
import { labelsMistakes, qualifiedName } from "./name-format.ts"
import { podSpecMistakes } from "./pod-spec/index.ts"

/** What a pod's spec gets that depends on its other fields; in place. */
export function fillPodSpec(spec: PodSpec): void {
  for (const volume of spec.volumes ?? []) {
    const { name: _, ...sources } = volume
    if (Object.values(sources).every((source) => source === undefined)) volume.emptyDir = {}
  }
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    container.imagePullPolicy ??= pullPolicy(container.image ?? "")
    if (spec.hostNetwork) for (const port of container.ports ?? []) port.hostPort ??= port.containerPort
  }
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount
}

/** A tag that moves is asked for every time. */
function pullPolicy(image: string): "Always" | "IfNotPresent" {
  if (image.includes("@")) return "IfNotPresent"
  const tag = /:([^:/]+)$/.exec(image)?.[1]
  return tag === undefined || tag === "latest" ? "Always" : "IfNotPresent"
}

/** The template of a controller whose pods are kept running, or (`restartPolicies`) run to their end. */
export function templateMistakes(
  field: string,
  template: PodTemplateSpec,
  restartPolicies: readonly string[],
): FieldError[] {
  const { spec, metadata } = template
  const mistakes = [
    ...labelsMistakes(`${field}.labels`, metadata?.labels),
    ...Object.keys(metadata?.annotations ?? {}).flatMap((key) =>
      qualifiedName(`${field}.annotations`, key.toLowerCase()),
    ),
    ...podSpecMistakes(`${field}.spec`, spec),
  ]
  if (spec.ephemeralContainers !== undefined && spec.ephemeralContainers.length > 0) {
    mistakes.push(forbidden(`${field}.spec.ephemeralContainers`, "ephemeral containers not allowed in pod template"))
  }
  if (restartPolicies.includes(spec.restartPolicy)) return mistakes
  return [...mistakes, unsupported(`${field}.spec.restartPolicy`, spec.restartPolicy, restartPolicies)]
}

export const keepsRunning = ["Always"]
export const runsToEnd = ["OnFailure", "Never"]
