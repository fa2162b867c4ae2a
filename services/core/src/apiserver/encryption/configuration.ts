import { isEncrypted, KeyRing, type WrappingKey } from "./key-ring.ts"
import { type KmsConfiguration, kmsMistake } from "./kms/configuration.ts"
import { type Transformer, UnreadableValueError } from "./transformer.ts"

/** How values under some prefixes of the store are written and read. */
export interface Sealing {
  covers(storageKey: string): boolean
  seal(storageKey: string, plain: Uint8Array): Uint8Array
  open(storageKey: string, value: Uint8Array): Uint8Array
  /** Whether the value is as it would be written now. */
  isCurrent(value: Uint8Array): boolean
  /** Fetches what is needed to open these values; undefined when nothing is. */
  prepareOpening(values: readonly Uint8Array[]): Promise<void> | undefined
  prepareSealing(): Promise<void> | undefined
}

/** The file `EncryptionConfiguration` of Kubernetes, of which the providers `aesgcm`, `kms` (v2) and `identity` are known. */
export interface EncryptionConfiguration {
  readonly apiVersion: "apiserver.config.k8s.io/v1"
  readonly kind: "EncryptionConfiguration"
  readonly resources: readonly {
    readonly resources: readonly string[]
    readonly providers: readonly Provider[]
  }[]
}

interface Provider {
  readonly aesgcm?: { readonly keys: readonly { readonly name: string; readonly secret: string }[] }
  readonly kms?: KmsConfiguration
  readonly identity?: Record<string, never>
}

/** Makes what speaks to a provider of keys. */
export type MakeKms = (configuration: KmsConfiguration) => Transformer

const secretBytes = 32
const keyName = /^[A-Za-z0-9._-]{1,63}$/

/** The configuration's sealings, the first that covers a key counts; throws saying what is wrong with which field. */
export function sealingsOf(
  configuration: EncryptionConfiguration,
  makeKms: MakeKms,
  shared?: () => readonly WrappingKey[],
): readonly Sealing[] {
  if (configuration.kind !== "EncryptionConfiguration" || !Array.isArray(configuration.resources)) {
    throw new Error('kind: must be "EncryptionConfiguration", with a list of resources')
  }
  const names = new Set<string>()
  return configuration.resources.map(({ resources, providers }, at) => {
    const path = `resources[${at}]`
    if (!resources?.length) throw new Error(`${path}.resources: Required value: must specify at least one resource`)
    if (!providers?.length) throw new Error(`${path}.providers: Required value: must specify at least one provider`)
    const transformers = transformersOf(providers, `${path}.providers`, names, makeKms, shared)
    return sealing(resources.map(coverage), providers, transformers, `${path}.providers`)
  })
}

/** The keys of all `aesgcm` providers are one ring, which stands where the first of them does. */
function transformersOf(
  providers: readonly Provider[],
  path: string,
  names: Set<string>,
  makeKms: MakeKms,
  shared: (() => readonly WrappingKey[]) | undefined,
): readonly Transformer[] {
  const keys = providers.flatMap((provider, at) => keysOf(provider, `${path}[${at}]`))
  const ring = keys.length > 0 ? new KeyRing(distinct(keys, path), shared) : undefined
  const firstRing = providers.findIndex(({ aesgcm }) => aesgcm !== undefined)
  return providers.flatMap(({ kms }, at): Transformer[] => {
    if (kms === undefined) return ring && at === firstRing ? [ring] : []
    const mistake = kmsMistake(kms, `${path}[${at}].kms`, names)
    if (mistake) throw new Error(mistake)
    names.add(kms.name)
    return [makeKms(kms)]
  })
}

function sealing(
  coverages: readonly RegExp[],
  providers: readonly Provider[],
  transformers: readonly Transformer[],
  path: string,
): Sealing {
  const readsPlain = providers.some(({ identity }) => identity !== undefined)
  const sealsWith = providers[0]?.identity === undefined ? transformers[0] : undefined
  return {
    covers: (key) => coverages.some((each) => each.test(key)),
    seal: (key, plain) => sealsWith?.seal(key, plain) ?? plain,
    open: (key, value) => {
      if (isEncrypted(value)) {
        const knowing = transformers.find((transformer) => transformer.knows(value))
        if (knowing) return knowing.open(key, value)
        const reason =
          transformers.length > 0
            ? `no matching prefix found; no provider of ${path} has sealed it`
            : "identity transformer tried to read encrypted data"
        throw new UnreadableValueError(`unable to read ${key}: ${reason}`)
      }
      if (readsPlain) return value
      throw new UnreadableValueError(
        `unable to read ${key}: it is not encrypted, and ${path} has no "identity" provider to read it`,
      )
    },
    isCurrent: (value) => sealsWith?.isCurrent(value) ?? !isEncrypted(value),
    prepareOpening: (values) => {
      const pending = transformers.flatMap((transformer) => transformer.prepareOpening?.(values) ?? [])
      return pending.length === 0 ? undefined : Promise.all(pending).then(() => undefined)
    },
    prepareSealing: () => sealsWith?.prepareSealing?.(),
  }
}

function keysOf(provider: Provider, path: string): readonly WrappingKey[] {
  if (provider.identity !== undefined || provider.kms !== undefined) return []
  if (!provider.aesgcm?.keys?.length) {
    const [name = "none"] = Object.keys(provider)
    throw new Error(`${path}: Unsupported value: "${name}": supported values: "aesgcm" (with keys), "kms", "identity"`)
  }
  return provider.aesgcm.keys.map(({ name, secret }, at) => {
    const where = `${path}.aesgcm.keys[${at}]`
    if (!keyName.test(name ?? "")) throw new Error(`${where}.name: Invalid value: must match ${keyName.source}`)
    const bytes = Buffer.from(secret ?? "", "base64")
    if (bytes.length !== secretBytes) {
      throw new Error(`${where}.secret: Invalid value: must be ${secretBytes} bytes in base64, is ${bytes.length}`)
    }
    return { name, secret: bytes }
  })
}

function distinct(keys: readonly WrappingKey[], path: string): readonly WrappingKey[] {
  const twice = keys.find(({ name }, at) => keys.findIndex((other) => other.name === name) !== at)
  if (twice) throw new Error(`${path}: Duplicate value: ${JSON.stringify(twice.name)}: keys need names of their own`)
  return keys
}

/** `secrets`, `deployments.apps`, `*.apps`, `*.` (the core group) and `*.*`, as a pattern of the store's keys. */
function coverage(resource: string): RegExp {
  const dot = resource.indexOf(".")
  const plural = dot < 0 ? resource : resource.slice(0, dot)
  const group = (dot < 0 ? "" : resource.slice(dot + 1)) || "core"
  return new RegExp(`^/registry/${segment(group)}/${segment(plural)}/`)
}

function segment(text: string): string {
  return text === "*" ? "[^/]+" : text.replaceAll(/[^a-z0-9-]/gi, "\\$&")
}
