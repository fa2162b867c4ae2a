import { isQuantity, parseQuantity } from "@wick/sdk/api/meta/quantity"
import type { FeatureName, Features } from "@wick/sdk/api/serving/config"
import {
  type FieldError,
  invalidValue,
  missing,
  missingOneOf,
  mistake,
  multipleOneOf,
  via,
  viaEach,
} from "@wick/sdk/api/serving/field-error"
import { dnsLabelMistakes } from "@wick/sdk/api/serving/name-mistakes"
import { beyond } from "./field-mask.ts"
import type { ProjectionView, RevisionSpecView, VolumeView } from "./pod-view.ts"

const sources = ["secret", "configMap", "projected"] as const

/** Sources that a flag permits, each with the word that its refusal has for it. */
const gated = {
  emptyDir: { feature: "podspec-volumes-emptydir", word: "EmptyDir" },
  persistentVolumeClaim: { feature: "podspec-persistent-volume-claim", word: "" },
  hostPath: { feature: "podspec-volumes-hostpath", word: "HostPath" },
  csi: { feature: "podspec-volumes-csi", word: "CSI" },
  ephemeral: { feature: "podspec-volumes-ephemeral", word: "Ephemeral" },
  image: { feature: "podspec-volumes-image", word: "Image" },
} as const satisfies Readonly<Record<string, { feature: FeatureName; word: string }>>
type Gated = keyof typeof gated
const gatedSources = Object.keys(gated) as Gated[]

/** Every mistake in the volumes of a pod. */
export function volumeMistakes(spec: RevisionSpecView, features: Features): FieldError[] {
  const { volumes = [], containers = [], initContainers = [] } = spec
  const mounts = [...containers, ...initContainers].flatMap(({ volumeMounts = [] }) => volumeMounts)
  const mounted = new Set(mounts.map(({ name }) => name))
  const names = volumes.map(({ name }) => name)
  return viaEach("", volumes, (volume, at) => {
    const shown = JSON.stringify(volume.name ?? "")
    return [
      ...(names.indexOf(volume.name) < at ? [mistake(`duplicate volume name ${shown}`, "name")] : []),
      ...(mounted.has(volume.name) ? [] : [mistake(`volume with name ${shown} not mounted`, "name")]),
      ...oneVolumeMistakes(volume, features),
    ]
  })
}

function oneVolumeMistakes(volume: VolumeView, features: Features): FieldError[] {
  const permitted = gatedSources.filter((source) => features.permits(gated[source].feature))
  const set = [...sources, ...gatedSources].filter((source) => volume[source] !== undefined)
  const { name = "", ...source } = volume
  const isNone = Object.values(source).every((each) => each === undefined)
  return [
    ...claimMistakes(volume, features),
    ...gatedSources.flatMap((gate) => disabledMistakes(volume, gate, features)),
    ...beyond(source, [...sources, ...permitted]),
    ...(name === "" ? [missing("name")] : dnsLabelMistakes(name).length > 0 ? [invalidValue(name, "name")] : []),
    ...itemMistakes(volume.secret),
    ...itemMistakes(volume.configMap),
    ...viaEach("projected", volume.projected?.sources, projectionMistakes),
    ...via("emptyDir", emptyDirMistakes(volume.emptyDir)),
    ...(isNone ? [missingOneOf(...sources, ...permitted)] : []),
    ...(set.length > 1 ? [multipleOneOf(...set)] : []),
  ]
}

function disabledMistakes(volume: VolumeView, source: Gated, features: Features): FieldError[] {
  const { feature, word } = gated[source]
  if (word === "" || volume[source] === undefined || features.permits(feature)) return []
  return [mistake(`${word} volume support is disabled, but found ${word} volume ${volume.name ?? ""}`)]
}

/** Writing to storage that outlives pods is a permission of its own. */
function claimMistakes({ persistentVolumeClaim: claim }: VolumeView, features: Features): FieldError[] {
  if (claim === undefined) return []
  const found = `but found persistent volume claim ${claim.claimName ?? ""}`
  const mayWrite = features.permits("podspec-persistent-volume-write")
  return [
    ...(features.permits("podspec-persistent-volume-claim")
      ? []
      : [mistake(`Persistent volume claim support is disabled, ${found}`)]),
    ...(claim.readOnly || mayWrite
      ? []
      : [mistake(`Persistent volume write support is disabled, ${found} that is not read-only`)]),
  ]
}

function itemMistakes(source: { readonly items?: readonly object[] } | undefined): FieldError[] {
  return viaEach("items", source?.items, (item) => keyToPathMistakes(item))
}

function keyToPathMistakes(item: { readonly key?: string; readonly path?: string }): FieldError[] {
  return [
    ...beyond(item, ["key", "path", "mode"]),
    ...(item.key ? [] : [missing("key")]),
    ...(item.path ? [] : [missing("path")]),
  ]
}

const projections = ["secret", "configMap", "serviceAccountToken", "downwardAPI"] as const

function projectionMistakes(projection: ProjectionView): FieldError[] {
  const set = projections.filter((source) => projection[source] !== undefined)
  const { secret, configMap, serviceAccountToken, downwardAPI } = projection
  return [
    ...beyond(projection, projections),
    ...via("secret", namedMistakes(secret)),
    ...via("configMap", namedMistakes(configMap)),
    ...via("serviceAccountToken", tokenMistakes(serviceAccountToken)),
    ...via("downwardAPI", downwardMistakes(downwardAPI)),
    ...(set.length === 0 ? [missingOneOf(...projections)] : []),
    ...(set.length > 1 ? [multipleOneOf(...set)] : []),
  ]
}

function namedMistakes(source: ProjectionView["secret"]): FieldError[] {
  if (source === undefined) return []
  return [
    ...beyond(source, ["name", "items", "optional"]),
    ...(source.name ? [] : [missing("name")]),
    ...itemMistakes(source),
  ]
}

function tokenMistakes(token: ProjectionView["serviceAccountToken"]): FieldError[] {
  if (token === undefined) return []
  return [...beyond(token, ["audience", "expirationSeconds", "path"]), ...(token.path ? [] : [missing("path")])]
}

function downwardMistakes(source: ProjectionView["downwardAPI"]): FieldError[] {
  const refs = ["fieldRef", "resourceFieldRef"] as const
  return viaEach("items", source?.items, (item) => {
    const count = refs.filter((ref) => item[ref] !== undefined).length
    return [
      ...beyond(item, ["path", "mode", ...refs]),
      ...(count === 0 ? [missingOneOf(...refs)] : []),
      ...(count === 2 ? [mistake("Within a single item, cannot set both", ...refs)] : []),
      ...(item.path ? [] : [missing("path")]),
    ]
  })
}

function emptyDirMistakes(volume: VolumeView["emptyDir"]): FieldError[] {
  if (volume === undefined) return []
  const { medium = "", sizeLimit } = volume
  const isNegative = sizeLimit !== undefined && isQuantity(sizeLimit) && parseQuantity(sizeLimit) < 0n
  return [
    ...(medium === "" || medium === "Memory" ? [] : [invalidValue(medium, "medium")]),
    ...(isNegative ? [invalidValue(sizeLimit, "sizeLimit")] : []),
  ]
}
