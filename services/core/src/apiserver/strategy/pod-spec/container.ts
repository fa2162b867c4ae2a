import type { Container } from "@wick/sdk/api/core/container"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { each, forbidden, invalid, oneOf, present, required } from "../mistake.ts"
import { dnsLabel } from "../name-format.ts"
import { environmentMistakes } from "./environment.ts"
import { portMistakes } from "./port.ts"
import { probesMistakes } from "./probe.ts"
import { resourceMistakes } from "./resources.ts"
import { securityContextMistakes } from "./security.ts"
import { relativePathMistakes } from "./volume.ts"

/** What of the pod its containers refer to. */
export interface ContainerSurroundings {
  readonly volumes: ReadonlySet<string>
  /** Names of volumes that are claims, which may be devices. */
  readonly claims: ReadonlySet<string>
}

const restartPolicies = ["Always", "Never", "OnFailure"]

export function containerMistakes(container: Container, at: string, around: ContainerSurroundings): FieldError[] {
  return [
    ...(container.name === "" ? [required(`${at}.name`)] : dnsLabel(`${at}.name`, container.name)),
    ...imageMistakes(`${at}.image`, container.image),
    ...probesMistakes(at, container),
    ...portMistakes(`${at}.ports`, container.ports),
    ...environmentMistakes(at, container),
    ...mountMistakes(at, container, around),
    ...deviceMistakes(at, container, around),
    ...resourceMistakes(`${at}.resources`, container.resources),
    ...each(`${at}.resizePolicy`, container.resizePolicy, ({ resourceName, restartPolicy }, place) => [
      ...oneOf(`${place}.resourceName`, resourceName, ["cpu", "memory"]),
      ...oneOf(`${place}.restartPolicy`, restartPolicy, ["NotRequired", "RestartContainer"]),
    ]),
    ...oneOf(`${at}.restartPolicy`, container.restartPolicy, restartPolicies),
    ...securityContextMistakes(`${at}.securityContext`, container.securityContext),
  ]
}

export function imageMistakes(field: string, image: string | undefined): FieldError[] {
  if (!image) return [required(field)]
  return image.trim() === image ? [] : [invalid(field, image, "must not have leading or trailing whitespace")]
}

/** An init container that is no sidecar ends before anybody could ask how it is. */
export function initContainerMistakes(container: Container, at: string): FieldError[] {
  if (container.restartPolicy === "Always") return []
  const detail = "may not be set for init containers without restartPolicy=Always"
  const parts = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const
  return parts.flatMap((part) => (container[part] ? [forbidden(`${at}.${part}`, detail)] : []))
}

const propagations = ["Bidirectional", "HostToContainer", "None"]

function mountMistakes(field: string, container: Container, { volumes }: ContainerSurroundings): FieldError[] {
  const paths = new Set<string>()
  return each(`${field}.volumeMounts`, container.volumeMounts, (mount, at) => {
    const { name, mountPath, subPath, subPathExpr, mountPropagation } = mount
    const mistakes = present(`${at}.name`, name)
    if (name && !volumes.has(name)) mistakes.push({ type: "NotFound", field: `${at}.name`, value: name, detail: "" })
    mistakes.push(...present(`${at}.mountPath`, mountPath))
    if (paths.has(mountPath)) mistakes.push(invalid(`${at}.mountPath`, mountPath, "must be unique"))
    paths.add(mountPath)
    if (subPath) mistakes.push(...relativePathMistakes(`${at}.subPath`, subPath))
    if (subPathExpr) mistakes.push(...relativePathMistakes(`${at}.subPathExpr`, subPathExpr))
    if (subPath && subPathExpr) {
      mistakes.push(invalid(`${at}.subPathExpr`, subPathExpr, "subPathExpr and subPath are mutually exclusive"))
    }
    mistakes.push(...oneOf(`${at}.mountPropagation`, mountPropagation, propagations))
    if (mountPropagation === "Bidirectional" && !container.securityContext?.privileged) {
      const detail = "Bidirectional mount propagation is available only to privileged containers"
      mistakes.push(forbidden(`${at}.mountPropagation`, detail))
    }
    return mistakes
  })
}

function deviceMistakes(field: string, container: Container, around: ContainerSurroundings): FieldError[] {
  const mounts = container.volumeMounts ?? []
  const taken = "must not already exist in volumeMounts"
  const names = new Set<string>()
  const paths = new Set<string>()
  return each(`${field}.volumeDevices`, container.volumeDevices, ({ name, devicePath }, at) => {
    const mistakes = present(`${at}.name`, name)
    if (names.has(name)) mistakes.push(invalid(`${at}.name`, name, "must be unique"))
    if (name && !around.volumes.has(name)) {
      mistakes.push({ type: "NotFound", field: `${at}.name`, value: name, detail: "" })
    } else if (name && !around.claims.has(name)) {
      const detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
      mistakes.push(invalid(`${at}.name`, name, detail))
    }
    mistakes.push(...present(`${at}.devicePath`, devicePath))
    if (paths.has(devicePath)) mistakes.push(invalid(`${at}.devicePath`, devicePath, "must be unique"))
    if (devicePath.split("/").includes("..")) {
      mistakes.push(invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"))
    }
    if (mounts.some(({ mountPath }) => mountPath === devicePath)) {
      mistakes.push(invalid(`${at}.devicePath`, devicePath, taken))
    }
    if (mounts.some((mount) => mount.name === name)) mistakes.push(invalid(`${at}.name`, name, taken))
    names.add(name)
    paths.add(devicePath)
    return mistakes
  })
}
