/**
 * Encryption at rest: between the API server and its store, so that what lies on the disk, in the log of writes and in
 * snapshots is sealed, and nothing above knows. By default Secrets are.
 */
import { randomBytes } from "node:crypto"
import { join } from "node:path"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { makeSecretDirectory, readSecretFile, writeSecretFile } from "#pki"
import type { Storage } from "#store"
import { ConfigurationError } from "../configuration-error.ts"
import type { HealthCheck } from "../health.ts"
import { type EncryptionConfiguration, type MakeKms, type Sealing, sealingsOf } from "./configuration.ts"
import { encryptedStorage, reencrypt } from "./encrypted-storage.ts"
import type { WrappingKey } from "./key-ring.ts"
import { timeoutMs } from "./kms/configuration.ts"
import type { KmsProvider } from "./kms/provider.ts"
import type { SharedKeys } from "./shared-keys.ts"
import { KmsError } from "./transformer.ts"

export { keysInStore, type SharedKeys } from "./shared-keys.ts"

export interface EncryptionOptions {
  /** `configuration.json` is kept in here, and holds the keys, or says who keeps them. */
  readonly directory: string
  /** Seal under a key that is made now; what older ones have sealed is re-encrypted. */
  readonly newKey?: boolean
  /** Where other hosts learn of keys, and this one of theirs; absent: there are none. */
  readonly shared?: SharedKeys | undefined
  readonly clock: Clock
  readonly log: Log
}

export interface EncryptedStorage {
  /** The storage as if nothing were encrypted. */
  readonly storage: Storage
  readonly healthChecks: readonly HealthCheck[]
  close(): void
}

const fileName = "configuration.json"

/** Everything in the storage has been read once when this resolves, and is sealed under the present keys. */
export async function openEncryptedStorage(storage: Storage, options: EncryptionOptions): Promise<EncryptedStorage> {
  await takeShared(options)
  if (options.newKey) await rotateEncryptionKey(options)
  const { sealings, providers } = await loadSealings(options)
  const again = async (): Promise<void> => {
    const { rewritten } = await reencrypt(storage, sealings)
    if (rewritten > 0) options.log.info("values re-encrypted under the present key", { rewritten })
  }
  let isClosed = false
  const close = (): void => {
    isClosed = true
    for (const provider of providers) provider.close()
  }
  try {
    await Promise.all(providers.map((provider) => provider.start()))
    await again()
    for (const sealing of sealings) await sealing.prepareSealing()
  } catch (error) {
    close()
    throw error instanceof KmsError ? new ConfigurationError(`encryption at rest: ${error.message}`) : error
  }
  let rewriting = Promise.resolve()
  const rotated = (): void => {
    rewriting = rewriting.then(again).catch((error: unknown) => {
      // The next start takes it up.
      if (!isClosed) options.log.error("values not re-encrypted under the present key", { error })
    })
  }
  for (const provider of providers) provider.watch(rotated)
  const check = { name: "kms-providers", isWell: () => providers.every(({ isWell }) => isWell) }
  return { storage: encryptedStorage(storage, sealings), healthChecks: providers.length > 0 ? [check] : [], close }
}

interface Loaded {
  readonly sealings: readonly Sealing[]
  readonly providers: readonly KmsProvider[]
}

/** The sealings of the configuration's file, which is made with a new key where there is none. */
async function loadSealings(options: EncryptionOptions): Promise<Loaded> {
  const path = join(options.directory, fileName)
  await makeSecretDirectory(options.directory)
  const text = await readSecretFile(path)
  if (text === undefined) {
    const fresh = withKey(undefined, newKey())
    await writeConfiguration(options.directory, fresh)
    return connected(fresh, options)
  }
  try {
    return await connected(JSON.parse(text) as EncryptionConfiguration, options)
  } catch (error) {
    // A parser's message may quote the text, which holds keys.
    const reason = error instanceof SyntaxError ? "not valid JSON" : (error as Error).message
    throw new ConfigurationError(`encryption configuration ${path}: ${reason}`)
  }
}

/** What speaks to providers of keys is loaded only where there is one. */
async function connected(
  configuration: EncryptionConfiguration,
  { shared, clock, log }: EncryptionOptions,
): Promise<Loaded> {
  const latest = shared && (() => shared.latest())
  if (!hasKms(configuration)) return { sealings: sealingsOf(configuration, unconnected, latest), providers: [] }
  const [{ connectKms }, { KmsProvider }] = await Promise.all([import("./kms/service.ts"), import("./kms/provider.ts")])
  const providers: KmsProvider[] = []
  const sealings = sealingsOf(
    configuration,
    ({ name, endpoint, timeout }) => {
      const service = connectKms({ endpoint, timeoutMs: timeoutMs(timeout), clock })
      const provider = new KmsProvider({ name, service, clock, log })
      providers.push(provider)
      return provider
    },
    latest,
  )
  return { sealings, providers }
}

function hasKms({ resources }: EncryptionConfiguration): boolean {
  // The file has not been judged yet.
  const entries: Partial<EncryptionConfiguration["resources"][number]>[] = Array.isArray(resources) ? resources : []
  return entries.some(({ providers }) => providers?.some(({ kms }) => kms !== undefined))
}

/** The newest key of the cluster stands in the file too: the next start needs nobody to tell it. */
async function takeShared({ directory, shared }: EncryptionOptions): Promise<void> {
  const [newest] = shared?.latest() ?? []
  const before = newest && (await readConfiguration(directory))
  if (!before || keyNames(before).has(newest.name)) return
  await writeConfiguration(directory, withKey(before, storedKey(newest)))
}

/**
 * A new key before the others in the file, which may go once the server has started with it: then none is in use. The
 * other hosts are told of it first.
 */
async function rotateEncryptionKey({ directory, shared }: EncryptionOptions): Promise<void> {
  const before = await readConfiguration(directory)
  // The first start makes one anyway.
  if (before === undefined) return
  sealingsOf(before, unconnected)
  const key = newKey()
  await shared?.add({ name: key.name, secret: Buffer.from(key.secret, "base64") })
  await writeConfiguration(directory, withKey(before, key))
}

interface StoredKey {
  readonly name: string
  readonly secret: string
}

function newKey(): StoredKey {
  return { name: `key-${randomBytes(4).toString("hex")}`, secret: randomBytes(32).toString("base64") }
}

function storedKey({ name, secret }: WrappingKey): StoredKey {
  return { name, secret: Buffer.from(secret).toString("base64") }
}

function keyNames({ resources }: EncryptionConfiguration): ReadonlySet<string> {
  const providers = resources.flatMap((each) => each.providers)
  return new Set(providers.flatMap(({ aesgcm }) => aesgcm?.keys.map(({ name }) => name) ?? []))
}

async function readConfiguration(directory: string): Promise<EncryptionConfiguration | undefined> {
  const path = join(directory, fileName)
  const text = await readSecretFile(path)
  try {
    return text === undefined ? undefined : (JSON.parse(text) as EncryptionConfiguration)
  } catch {
    // The parser's own words may quote the text, which holds keys.
    throw new ConfigurationError(`encryption configuration ${path}: not valid JSON`)
  }
}

async function writeConfiguration(directory: string, configuration: EncryptionConfiguration): Promise<void> {
  await writeSecretFile(join(directory, fileName), `${JSON.stringify(configuration, null, 2)}\n`)
}

function withKey(before: EncryptionConfiguration | undefined, key: StoredKey): EncryptionConfiguration {
  const aesgcm = { aesgcm: { keys: [key] } }
  return {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: before?.resources.map((each) => {
      // What is on its way out of encryption stays on it, and keys that are kept elsewhere are rotated there.
      const [first] = each.providers
      return first?.identity || first?.kms ? each : { ...each, providers: [aesgcm, ...each.providers] }
    }) ?? [{ resources: ["secrets"], providers: [aesgcm, { identity: {} }] }],
  }
}

/** For a configuration that is only looked at. */
const unconnected: MakeKms = ({ name }) => {
  const nothing = (): never => {
    throw new Error(`kms provider "${name}" is not connected`)
  }
  return { knows: () => false, seal: nothing, open: nothing, isCurrent: () => true }
}
