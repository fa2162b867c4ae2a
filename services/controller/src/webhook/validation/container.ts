import { posix } from "node:path"
import type { Features } from "@wick/sdk/api/serving/config"
import {
  type FieldError,
  invalidValue,
  missing,
  missingOneOf,
  mistake,
  multipleOneOf,
  outOfBounds,
  via,
  viaEach,
} from "@wick/sdk/api/serving/field-error"
import { parseImageReference } from "@wick/sdk/oci/image-reference"
import { beyond } from "./field-mask.ts"
import type { ContainerView, EnvFromView, EnvView, MountView, PortView, VolumeView } from "./pod-view.ts"
import { initProbeMistakes, servingProbeMistakes, sidecarProbeMistakes } from "./probes.ts"
import { securityMistakes } from "./security.ts"

interface Surroundings {
  readonly volumes: ReadonlyMap<string, VolumeView>
  readonly features: Features
}

/** What a container is for: it gets the requests, stands beside, or runs before the others. */
export type ContainerRole = Surroundings &
  ({ readonly kind: "serving"; readonly portName: string } | { readonly kind: "sidecar" } | { readonly kind: "init" })

const reservedPorts = [8012, 8013, 8022, 9090, 9091, 8008]
const reservedEnv = ["K_SERVICE", "K_CONFIGURATION", "K_REVISION"]
const reservedPaths = ["/", "/dev", "/dev/log"]
const reservedNames = ["queue-proxy"]
const portNames = ["", "h2c", "http1"]
const portMax = 65_535

const fields = [
  "name",
  "args",
  "command",
  "env",
  "workingDir",
  "envFrom",
  "image",
  "imagePullPolicy",
  "livenessProbe",
  "ports",
  "readinessProbe",
  "resources",
  "securityContext",
  "startupProbe",
  "terminationMessagePath",
  "terminationMessagePolicy",
  "volumeMounts",
]

/** Every mistake in a container. */
export function containerMistakes(container: ContainerView, role: ContainerRole): FieldError[] {
  const { features, volumes } = role
  if (Object.keys(container).length === 0) return [missing("")]
  return [
    ...probeMistakes(container, role),
    ...beyond(container, fields),
    ...nameMistakes(container),
    ...via("env", envMistakes(container.env, role)),
    ...via("envFrom", envFromMistakes(container.envFrom)),
    ...imageMistakes(container.image),
    ...via("ports", role.kind === "init" ? initPortMistakes(container.ports) : portMistakes(container.ports)),
    ...via("resources", beyond(container.resources, ["limits", "requests"])),
    ...via("securityContext", securityMistakes(container.securityContext, features)),
    ...policyMistakes(container),
    ...viaEach("volumeMounts", container.volumeMounts, (mount, at) =>
      mountMistakes(mount, container.volumeMounts?.slice(0, at) ?? [], volumes, features),
    ),
  ]
}

function probeMistakes(container: ContainerView, role: ContainerRole): FieldError[] {
  if (role.kind === "serving") return servingProbeMistakes(container, role.portName)
  return role.kind === "sidecar" ? sidecarProbeMistakes(container, role.features) : initProbeMistakes(container)
}

function nameMistakes({ name = "" }: ContainerView): FieldError[] {
  return reservedNames.includes(name) ? [mistake(`${JSON.stringify(name)} is a reserved container name`, "name")] : []
}

/** Only the container that gets the requests has its port told. */
function envMistakes(env: readonly EnvView[] | undefined, { kind, features }: ContainerRole): FieldError[] {
  const reserved = kind === "serving" ? ["PORT", ...reservedEnv] : reservedEnv
  const sources = ["configMapKeyRef", "secretKeyRef"]
  if (features.permits("podspec-fieldref")) sources.push("fieldRef", "resourceFieldRef")
  return viaEach("", env, ({ name = "", ...variable }) => [
    ...beyond(variable, ["value", "valueFrom"]),
    ...(name === "" ? [missing("name")] : []),
    ...(reserved.includes(name) ? [mistake(`${JSON.stringify(name)} is a reserved environment variable`, "name")] : []),
    ...via("valueFrom", beyond(variable.valueFrom, sources)),
  ])
}

function envFromMistakes(envFrom: readonly EnvFromView[] | undefined): FieldError[] {
  return (envFrom ?? []).flatMap((source, at) => {
    const { configMapRef, secretRef } = source
    const refs = ["configMapRef", "secretRef"] as const
    return [
      ...via(`[${at}]`, beyond(source, ["prefix", ...refs])),
      ...refs.flatMap((ref) => via(`[${at}].${ref}`, beyond(source[ref], ["name", "optional"]))),
      ...(configMapRef && secretRef ? [multipleOneOf(...refs)] : []),
      ...(!configMapRef && !secretRef ? [missingOneOf(...refs)] : []),
    ]
  })
}

function imageMistakes(image: string | undefined): FieldError[] {
  if (!image) return [missing("image")]
  if (parseImageReference(image, "index.docker.io")) return []
  const details = `image: ${JSON.stringify(image)}, error: could not parse reference: ${image}`
  return [{ ...mistake("Failed to parse image reference", "image"), details }]
}

/** Of several ports only the first is looked at: that there is more than one is a mistake of its own. */
function portMistakes(ports: readonly PortView[] | undefined): FieldError[] {
  const [port] = ports ?? []
  if (port === undefined) return []
  const { name = "", protocol = "" } = port
  const details = "Name must be empty, or one of: 'h2c', 'http1'"
  return [
    ...onePortMistakes(port),
    ...(protocol !== "" && protocol !== "TCP" ? [invalidValue(protocol, "protocol")] : []),
    ...(portNames.includes(name) ? [] : [{ ...mistake(`Port name ${name} is not allowed`, ""), details }]),
  ]
}

function initPortMistakes(ports: readonly PortView[] | undefined): FieldError[] {
  return (ports ?? []).flatMap(onePortMistakes)
}

function onePortMistakes(port: PortView): FieldError[] {
  const { containerPort = 0 } = port
  const reserved = `${containerPort} is a reserved port`
  const isOutside = containerPort < 0 || containerPort > portMax
  return [
    ...beyond(port, ["name", "containerPort", "protocol"]),
    ...(reservedPorts.includes(containerPort)
      ? [invalidValue(reserved, "containerPort", `${reserved}, please use a different value`)]
      : []),
    ...(isOutside ? [outOfBounds(containerPort, 0, portMax, "containerPort")] : []),
  ]
}

function policyMistakes({ terminationMessagePolicy = "" }: ContainerView): FieldError[] {
  const known = ["", "File", "FallbackToLogsOnError"].includes(terminationMessagePolicy)
  return known ? [] : [invalidValue(terminationMessagePolicy, "terminationMessagePolicy")]
}

function mountMistakes(
  mount: MountView,
  before: readonly MountView[],
  volumes: ReadonlyMap<string, VolumeView>,
  features: Features,
): FieldError[] {
  const propagation = features.permits("podspec-volumes-mount-propagation") ? ["mountPropagation"] : []
  const volume = volumes.get(mount.name ?? "")
  return [
    ...beyond(mount, ["name", "readOnly", "mountPath", "subPath", ...propagation]),
    ...(volume === undefined ? [mistake("volumeMount has no matching volume", "name")] : []),
    ...pathMistakes(mount.mountPath ?? "", before),
    ...readOnlyMistakes(mount, volume),
  ]
}

function pathMistakes(path: string, before: readonly MountView[]): FieldError[] {
  if (path === "") return [missing("mountPath")]
  const clean = cleanPath(path)
  if (reservedPaths.includes(clean))
    return [mistake(`mountPath ${JSON.stringify(clean)} is a reserved path`, "mountPath")]
  if (!path.startsWith("/")) return [invalidValue(path, "mountPath")]
  const isTaken = before.some(({ mountPath }) => mountPath !== undefined && cleanPath(mountPath) === clean)
  return isTaken ? [invalidValue(`${JSON.stringify(path)} must be unique`, "mountPath")] : []
}

function cleanPath(path: string): string {
  return posix
    .normalize(path)
    .replace(/^\/+/, "/")
    .replace(/(.)\/$/, "$1")
}

/** Volumes that containers may write to; the others are made of what is stored elsewhere. */
export function isWritable(volume: VolumeView | undefined): boolean {
  const kinds = [volume?.emptyDir, volume?.persistentVolumeClaim, volume?.ephemeral]
  return kinds.some((kind) => kind !== undefined)
}

function readOnlyMistakes({ readOnly }: MountView, volume: VolumeView | undefined): FieldError[] {
  if (readOnly) return []
  if (!isWritable(volume)) return [mistake("volume mount should be readOnly for this type of volume", "readOnly")]
  const isRefused = volume?.persistentVolumeClaim?.readOnly === true
  return isRefused ? [mistake("volume is readOnly but volume mount is not", "readOnly")] : []
}
