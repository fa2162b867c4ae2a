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
import { timeoutMs } from "./kms/configuration.ts"
import type { KmsProvider } from "./kms/provider.ts"
import { KmsError } from "./transformer.ts"

export interface EncryptionOptions {
  /** `configuration.json` is kept in here, and holds the keys, or says who keeps them. */
  readonly directory: string
  /** Seal under a key that is made now; what older ones have sealed is re-encrypted. */
  readonly newKey?: boolean
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
  if (options.newKey) await rotateEncryptionKey(options.directory)
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
    const fresh = withNewKey(undefined)
    await writeSecretFile(path, `${JSON.stringify(fresh, null, 2)}\n`)
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
async function connected(configuration: EncryptionConfiguration, { clock, log }: EncryptionOptions): Promise<Loaded> {
  if (!hasKms(configuration)) return { sealings: sealingsOf(configuration, unconnected), providers: [] }
  const [{ connectKms }, { KmsProvider }] = await Promise.all([import("./kms/service.ts"), import("./kms/provider.ts")])
  const providers: KmsProvider[] = []
  const sealings = sealingsOf(configuration, ({ name, endpoint, timeout }) => {
    const service = connectKms({ endpoint, timeoutMs: timeoutMs(timeout), clock })
    const provider = new KmsProvider({ name, service, clock, log })
    providers.push(provider)
    return provider
  })
  return { sealings, providers }
}

function hasKms({ resources }: EncryptionConfiguration): boolean {
  // The file has not been judged yet.
  const entries: Partial<EncryptionConfiguration["resources"][number]>[] = Array.isArray(resources) ? resources : []
  return entries.some(({ providers }) => providers?.some(({ kms }) => kms !== undefined))
}

/** A new key before the others in the file, which may go once the server has started with it: then none is in use. */
async function rotateEncryptionKey(directory: string): Promise<void> {
  const path = join(directory, fileName)
  const text = await readSecretFile(path)
  // The first start makes one anyway.
  if (text === undefined) return
  const before = JSON.parse(text) as EncryptionConfiguration
  sealingsOf(before, unconnected)
  await writeSecretFile(path, `${JSON.stringify(withNewKey(before), null, 2)}\n`)
}

function withNewKey(before: EncryptionConfiguration | undefined): EncryptionConfiguration {
  const key = { name: `key-${randomBytes(4).toString("hex")}`, secret: randomBytes(32).toString("base64") }
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
