import { isEncrypted, KeyRing, UnreadableValueError, type WrappingKey } from "./key-ring.ts"

/** How values under some prefixes of the store are written and read. */
export interface Sealing {
  covers(storageKey: string): boolean
  seal(storageKey: string, plain: Uint8Array): Uint8Array
  open(storageKey: string, value: Uint8Array): Uint8Array
  /** Whether the value is as it would be written now. */
  isCurrent(value: Uint8Array): boolean
}

/** The file `EncryptionConfiguration` of Kubernetes, of which the providers `aesgcm` and `identity` are known. */
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
  readonly identity?: Record<string, never>
}

const secretBytes = 32
const keyName = /^[A-Za-z0-9._-]{1,63}$/

/** The configuration's sealings, the first that covers a key counts; throws saying what is wrong with which field. */
export function sealingsOf(configuration: EncryptionConfiguration): readonly Sealing[] {
  if (configuration.kind !== "EncryptionConfiguration" || !Array.isArray(configuration.resources)) {
    throw new Error('kind: must be "EncryptionConfiguration", with a list of resources')
  }
  return configuration.resources.map(({ resources, providers }, at) => {
    const path = `resources[${at}]`
    if (!resources?.length) throw new Error(`${path}.resources: Required value: must specify at least one resource`)
    if (!providers?.length) throw new Error(`${path}.providers: Required value: must specify at least one provider`)
    return sealing(resources.map(coverage), providers, `${path}.providers`)
  })
}

function sealing(coverages: readonly RegExp[], providers: readonly Provider[], path: string): Sealing {
  const keys = providers.flatMap((provider, at) => keysOf(provider, `${path}[${at}]`))
  const ring = keys.length > 0 ? new KeyRing(distinct(keys, path)) : undefined
  const readsPlain = providers.some(({ identity }) => identity !== undefined)
  const sealsWith = providers[0]?.identity === undefined ? ring : undefined
  return {
    covers: (key) => coverages.some((each) => each.test(key)),
    seal: (key, plain) => sealsWith?.seal(key, plain) ?? plain,
    open: (key, value) => {
      if (isEncrypted(value)) {
        if (ring) return ring.open(key, value)
        throw new UnreadableValueError(`unable to read ${key}: identity transformer tried to read encrypted data`)
      }
      if (readsPlain) return value
      throw new UnreadableValueError(
        `unable to read ${key}: it is not encrypted, and ${path} has no "identity" provider to read it`,
      )
    },
    isCurrent: (value) => sealsWith?.isCurrent(value) ?? !isEncrypted(value),
  }
}

function keysOf(provider: Provider, path: string): readonly WrappingKey[] {
  if (provider.identity !== undefined) return []
  if (!provider.aesgcm?.keys?.length) {
    const [name = "none"] = Object.keys(provider)
    throw new Error(`${path}: Unsupported value: "${name}": supported values: "aesgcm" (with keys), "identity"`)
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
