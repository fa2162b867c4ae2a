import type { Volume } from "@wick/sdk/api/core/volume"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { isQuantity, parseQuantity } from "@wick/sdk/api/meta/quantity"
import { each, forbidden, invalid, oneOf, present, repeated, required } from "../mistake.ts"
import { configKey, dnsLabel } from "../name-format.ts"
import { claimSpecMistakes } from "../persistent-volume-claim.ts"
import { fieldPathMistakes, resourceFieldMistakes } from "./environment.ts"

type Items = NonNullable<Volume["secret"]>["items"]
type FactFile = NonNullable<NonNullable<Volume["downwardAPI"]>["items"]>[number]
type Projection = NonNullable<NonNullable<Volume["projected"]>["sources"]>[number]

const modeMax = 0o777
const tokenSecondsMin = 600
const tokenSecondsMax = 2 ** 32
const hostPathTypes = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
]
const factFields = ["metadata.name", "metadata.namespace", "metadata.uid"]

export function volumesMistakes(field: string, volumes: readonly Volume[] | undefined): FieldError[] {
  return [
    ...each(field, volumes, (volume, at) => [
      ...sourceMistakes(at, volume),
      ...(volume.name === "" ? [required(`${at}.name`)] : dnsLabel(`${at}.name`, volume.name)),
    ]),
    ...repeated(field, volumes, ({ name }) => name, "name"),
  ]
}

function sourceMistakes(at: string, { name: _, ...sources }: Volume): FieldError[] {
  const given = Object.entries(sources).filter(([, source]) => source !== undefined)
  if (given.length === 0) return [required(at, "must specify a volume type")]
  const [, ...others] = given
  return [
    ...others.map(([name]) => forbidden(`${at}.${name}`, "may not specify more than 1 volume type")),
    ...storageMistakes(at, sources),
    ...fileMistakes(at, sources),
  ]
}

type Sources = Omit<Volume, "name">

/** Volumes that are a place. */
function storageMistakes(at: string, sources: Sources): FieldError[] {
  const { emptyDir, hostPath, persistentVolumeClaim, nfs, csi, ephemeral, image } = sources
  const mistakes: FieldError[] = []
  if (isQuantity(emptyDir?.sizeLimit) && parseQuantity(emptyDir.sizeLimit) < 0n) {
    mistakes.push(forbidden(`${at}.emptyDir.sizeLimit`, "SizeLimit field must be a valid resource quantity"))
  }
  if (hostPath) mistakes.push(...hostPathMistakes(`${at}.hostPath`, hostPath))
  if (persistentVolumeClaim) {
    mistakes.push(...present(`${at}.persistentVolumeClaim.claimName`, persistentVolumeClaim.claimName))
  }
  if (nfs) {
    mistakes.push(...present(`${at}.nfs.server`, nfs.server), ...present(`${at}.nfs.path`, nfs.path))
    if (nfs.path && !nfs.path.startsWith("/")) {
      mistakes.push(invalid(`${at}.nfs.path`, nfs.path, "must be an absolute path"))
    }
  }
  if (csi) mistakes.push(...present(`${at}.csi.driver`, csi.driver))
  if (ephemeral) {
    const template = `${at}.ephemeral.volumeClaimTemplate`
    const spec = ephemeral.volumeClaimTemplate?.spec
    mistakes.push(...(spec ? claimSpecMistakes(`${template}.spec`, spec) : [required(template)]))
  }
  if (image) {
    mistakes.push(...present(`${at}.image.reference`, image.reference))
    mistakes.push(...oneOf(`${at}.image.pullPolicy`, image.pullPolicy, ["Always", "IfNotPresent", "Never"]))
  }
  return mistakes
}

export function hostPathMistakes(
  at: string,
  { path, type }: { path: string; type?: string | undefined },
): FieldError[] {
  return [
    ...present(`${at}.path`, path),
    ...(path.split("/").includes("..") ? [invalid(`${at}.path`, path, "must not contain '..'")] : []),
    ...oneOf(`${at}.type`, type, hostPathTypes),
  ]
}

/** Volumes that are made of files. */
function fileMistakes(at: string, { secret, configMap, downwardAPI, projected }: Sources): FieldError[] {
  const mistakes: FieldError[] = []
  if (secret) {
    mistakes.push(...present(`${at}.secret.secretName`, secret.secretName))
    mistakes.push(...modeMistakes(`${at}.secret.defaultMode`, secret.defaultMode))
    mistakes.push(...itemMistakes(`${at}.secret.items`, secret.items))
  }
  if (configMap) {
    mistakes.push(...present(`${at}.configMap.name`, configMap.name))
    mistakes.push(...modeMistakes(`${at}.configMap.defaultMode`, configMap.defaultMode))
    mistakes.push(...itemMistakes(`${at}.configMap.items`, configMap.items))
  }
  if (downwardAPI) {
    mistakes.push(...modeMistakes(`${at}.downwardAPI.defaultMode`, downwardAPI.defaultMode))
    mistakes.push(...each(`${at}.downwardAPI.items`, downwardAPI.items, factMistakes))
  }
  if (projected) {
    mistakes.push(...modeMistakes(`${at}.projected.defaultMode`, projected.defaultMode))
    mistakes.push(...each(`${at}.projected.sources`, projected.sources, projectionMistakes))
  }
  return mistakes
}

function projectionMistakes(source: Projection, at: string): FieldError[] {
  const { secret, configMap, downwardAPI, serviceAccountToken: token } = source
  const given = Object.entries(source).filter(([, each]) => each !== undefined)
  const mistakes = given.slice(1).map(([name]) => forbidden(`${at}.${name}`, "may not specify more than 1 volume type"))
  if (given.length === 0) return [required(at, "must specify a volume type")]
  for (const [name, projection] of Object.entries({ secret, configMap })) {
    if (!projection) continue
    mistakes.push(...present(`${at}.${name}.name`, projection.name))
    mistakes.push(...itemMistakes(`${at}.${name}.items`, projection.items))
  }
  if (downwardAPI) mistakes.push(...each(`${at}.downwardAPI.items`, downwardAPI.items, factMistakes))
  if (!token) return mistakes
  const { expirationSeconds: seconds } = token
  const field = `${at}.serviceAccountToken.expirationSeconds`
  if (seconds < tokenSecondsMin) {
    mistakes.push(invalid(field, seconds, "may not specify a duration less than 10 minutes"))
  }
  if (seconds > tokenSecondsMax)
    mistakes.push(invalid(field, seconds, "may not specify a duration larger than 2^32 seconds"))
  return [...mistakes, ...filePathMistakes(`${at}.serviceAccountToken.path`, token.path)]
}

function modeMistakes(field: string, mode: number | undefined): FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= modeMax)) return []
  return [invalid(field, mode, "must be a number between 0 and 0777 (octal), both inclusive")]
}

function itemMistakes(field: string, items: Items): FieldError[] {
  return each(field, items, ({ key, path, mode }, at) => [
    ...(key === "" ? [required(`${at}.key`)] : configKey(`${at}.key`, key)),
    ...filePathMistakes(`${at}.path`, path),
    ...modeMistakes(`${at}.mode`, mode),
  ])
}

function factMistakes({ path, fieldRef, resourceFieldRef, mode }: FactFile, at: string): FieldError[] {
  const mistakes = [...filePathMistakes(`${at}.path`, path), ...modeMistakes(`${at}.mode`, mode)]
  if (fieldRef) {
    const isMap = ["metadata.annotations", "metadata.labels"].includes(fieldRef.fieldPath)
    if (!isMap) mistakes.push(...fieldPathMistakes(`${at}.fieldRef.fieldPath`, fieldRef.fieldPath, factFields))
    if (resourceFieldRef) {
      const detail = "fieldRef and resourceFieldRef can not be specified simultaneously"
      mistakes.push(invalid(at, "resource", detail))
    }
    return mistakes
  }
  if (!resourceFieldRef) return [...mistakes, required(at, "one of fieldRef and resourceFieldRef is required")]
  return [
    ...mistakes,
    ...present(`${at}.resourceFieldRef.containerName`, resourceFieldRef.containerName),
    ...resourceFieldMistakes(`${at}.resourceFieldRef.resource`, resourceFieldRef.resource),
  ]
}

/** A path that stays inside the volume. */
export function filePathMistakes(field: string, path: string): FieldError[] {
  if (path === "") return [required(field)]
  return [
    ...relativePathMistakes(field, path),
    ...(path.startsWith("..") && !path.startsWith("../") && path !== ".."
      ? [invalid(field, path, "must not start with '..'")]
      : []),
  ]
}

export function relativePathMistakes(field: string, path: string): FieldError[] {
  return [
    ...(path.startsWith("/") ? [invalid(field, path, "must be a relative path")] : []),
    ...(path.split("/").includes("..") ? [invalid(field, path, "must not contain '..'")] : []),
  ]
}
