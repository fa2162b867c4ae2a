import type { Pod } from "@wick/sdk/api/core/pod"
import type { Volume } from "@wick/sdk/api/core/volume"
import { type PodPlace, podField, resourceField } from "../container/pod-field.ts"

/** Files of a volume by relative path. */
export type Payload = ReadonlyMap<string, PayloadFile>

export interface PayloadFile {
  readonly data: Buffer
  readonly mode: number
}

/** A volume that cannot be made now; the message is what `kubectl describe pod` shows. */
export class VolumeProblem extends Error {
  override name = "VolumeProblem"
  /** What was being done, as the kubelet of Kubernetes calls it. */
  readonly step: string

  constructor(message: string, step = "MountVolume.SetUp") {
    super(message)
    this.step = step
  }
}

export interface VolumeObject {
  readonly data?: Readonly<Record<string, string>> | undefined
  readonly binaryData?: Readonly<Record<string, string>> | undefined
}

export interface TokenWish {
  readonly audience: string | undefined
  readonly expirationSeconds: number
}

/** What volumes are made of, fetched before. */
export interface VolumeSources {
  readonly configMap: (name: string) => VolumeObject | undefined
  readonly secret: (name: string) => VolumeObject | undefined
  readonly token: (wish: TokenWish) => string
}

type Projected = NonNullable<Volume["projected"]>
type Source = NonNullable<Projected["sources"]>[number]

const modeDefault = 0o644

/** Pure: one view of all volumes whose files come from the API: a projected volume is the general case. */
export function asProjected(volume: Volume): Projected | undefined {
  if (volume.projected) return volume.projected
  const { configMap, secret, downwardAPI } = volume
  if (configMap) {
    return { defaultMode: configMap.defaultMode, sources: [{ configMap }] }
  }
  if (secret) {
    return { defaultMode: secret.defaultMode, sources: [{ secret: { ...secret, name: secret.secretName ?? "" } }] }
  }
  return downwardAPI && { defaultMode: downwardAPI.defaultMode, sources: [{ downwardAPI }] }
}

export interface PayloadReferences {
  readonly configMaps: ReadonlySet<string>
  readonly secrets: ReadonlySet<string>
  readonly tokens: readonly TokenWish[]
}

export function referencesOf(projected: Projected): PayloadReferences {
  const configMaps = new Set<string>()
  const secrets = new Set<string>()
  const tokens: TokenWish[] = []
  for (const source of projected.sources ?? []) {
    if (source.configMap) configMaps.add(source.configMap.name)
    if (source.secret) secrets.add(source.secret.name)
    if (source.serviceAccountToken) tokens.push(tokenWish(source.serviceAccountToken))
  }
  return { configMaps, secrets, tokens }
}

function tokenWish(token: NonNullable<Source["serviceAccountToken"]>): TokenWish {
  return { audience: token.audience, expirationSeconds: token.expirationSeconds }
}

/** Pure: the files of a volume. Later sources win. Throws `VolumeProblem` when something that it needs is missing. */
export function payloadOf(pod: Pod, place: PodPlace, projected: Projected, sources: VolumeSources): Payload {
  const files = new Map<string, PayloadFile>()
  const defaultMode = projected.defaultMode ?? modeDefault
  for (const source of projected.sources ?? []) {
    const { configMap, secret, downwardAPI, serviceAccountToken } = source
    if (configMap) addObject(files, "configmap", configMap, sources.configMap(configMap.name), pod, defaultMode)
    if (secret) addObject(files, "secret", secret, sources.secret(secret.name), pod, defaultMode)
    if (serviceAccountToken) {
      const token = sources.token(tokenWish(serviceAccountToken))
      files.set(serviceAccountToken.path, { data: Buffer.from(token), mode: defaultMode })
    }
    for (const item of downwardAPI?.items ?? []) {
      files.set(item.path, { data: Buffer.from(downwardValue(pod, place, item)), mode: item.mode ?? defaultMode })
    }
  }
  return files
}

type DownwardItem = NonNullable<NonNullable<Source["downwardAPI"]>["items"]>[number]

function downwardValue(pod: Pod, place: PodPlace, item: DownwardItem): string {
  if (item.fieldRef) return podField(pod, place, item.fieldRef.fieldPath) ?? ""
  const { containerName, resource, divisor } = item.resourceFieldRef ?? { resource: "", divisor: "0" }
  const container = pod.spec.containers.find(({ name }) => name === containerName)
  return container ? (resourceField(container, place, resource, divisor) ?? "") : ""
}

interface ObjectProjection {
  readonly name: string
  readonly optional?: boolean | undefined
  readonly items?: readonly { key: string; path: string; mode?: number | undefined }[] | undefined
}

function addObject(
  files: Map<string, PayloadFile>,
  kind: "configmap" | "secret",
  wanted: ObjectProjection,
  found: VolumeObject | undefined,
  pod: Pod,
  defaultMode: number,
): void {
  if (!found) {
    if (wanted.optional) return
    const owner = kind === "secret" ? `secret "${wanted.name}"` : `configmap "${wanted.name}"`
    throw new VolumeProblem(`${owner} not found (namespace "${pod.metadata.namespace}")`)
  }
  const values = valuesOf(kind, found)
  if (!wanted.items) {
    for (const [key, data] of values) files.set(key, { data, mode: defaultMode })
    return
  }
  for (const { key, path, mode } of wanted.items) {
    const data = values.get(key)
    if (data) files.set(path, { data, mode: mode ?? defaultMode })
    else if (!wanted.optional)
      throw new VolumeProblem(`${kind} references non-existent ${kind === "secret" ? "secret" : "config"} key: ${key}`)
  }
}

function valuesOf(kind: "configmap" | "secret", object: VolumeObject): Map<string, Buffer> {
  const plain = Object.entries(object.data ?? {}).map(([key, value]): [string, Buffer] => [
    key,
    Buffer.from(value, kind === "secret" ? "base64" : "utf8"),
  ])
  const binary = Object.entries(object.binaryData ?? {}).map(([key, value]): [string, Buffer] => [
    key,
    Buffer.from(value, "base64"),
  ])
  return new Map([...plain, ...binary])
}
