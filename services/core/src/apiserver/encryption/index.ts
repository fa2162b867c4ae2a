/**
 * Encryption at rest: between the API server and its store, so that what lies on the disk, in the log of writes and in
 * snapshots is sealed, and nothing above knows. By default Secrets are.
 */
import { randomBytes } from "node:crypto"
import { join } from "node:path"
import type { Log } from "@wick/sdk/log"
import { makeSecretDirectory, readSecretFile, writeSecretFile } from "#pki"
import type { Storage } from "#store"
import { type EncryptionConfiguration, type Sealing, sealingsOf } from "./configuration.ts"
import { encryptedStorage, reencrypt } from "./encrypted-storage.ts"

export interface EncryptionOptions {
  /** `configuration.json` is kept in here, and holds the keys. */
  readonly directory: string
  readonly log: Log
}

const fileName = "configuration.json"

/** `storage` as if nothing were encrypted. Everything in it has been read once, and is sealed under the present key. */
export async function openEncryptedStorage(storage: Storage, options: EncryptionOptions): Promise<Storage> {
  const sealings = await loadSealings(options.directory)
  const { rewritten } = await reencrypt(storage, sealings)
  if (rewritten > 0) options.log.info("values re-encrypted under the present key", { rewritten })
  return encryptedStorage(storage, sealings)
}

/** The sealings of the configuration's file, which is made with a new key where there is none. */
async function loadSealings(directory: string): Promise<readonly Sealing[]> {
  const path = join(directory, fileName)
  await makeSecretDirectory(directory)
  const text = await readSecretFile(path)
  if (text === undefined) {
    const fresh = withNewKey(undefined)
    await writeSecretFile(path, `${JSON.stringify(fresh, null, 2)}\n`)
    return sealingsOf(fresh)
  }
  try {
    return sealingsOf(JSON.parse(text) as EncryptionConfiguration)
  } catch (error) {
    // A parser's message may quote the text, which holds keys.
    const reason = error instanceof SyntaxError ? "not valid JSON" : (error as Error).message
    throw new Error(`encryption configuration ${path}: ${reason}`)
  }
}

/**
 * A new key before the others in the file: the next start seals under it, and re-encrypts what older ones have sealed.
 * The older ones may be removed from the file after that start.
 */
export async function rotateEncryptionKey(directory: string): Promise<void> {
  const path = join(directory, fileName)
  const text = await readSecretFile(path)
  if (text === undefined) throw new Error(`${path} is not there: it is made at the server's first start`)
  const before = JSON.parse(text) as EncryptionConfiguration
  sealingsOf(before)
  await writeSecretFile(path, `${JSON.stringify(withNewKey(before), null, 2)}\n`)
}

function withNewKey(before: EncryptionConfiguration | undefined): EncryptionConfiguration {
  const key = { name: `key-${randomBytes(4).toString("hex")}`, secret: randomBytes(32).toString("base64") }
  const aesgcm = { aesgcm: { keys: [key] } }
  return {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: before?.resources.map((each) => {
      // What is on its way out of encryption stays on it.
      const [first] = each.providers
      return first?.identity ? each : { ...each, providers: [aesgcm, ...each.providers] }
    }) ?? [{ resources: ["secrets"], providers: [aesgcm, { identity: {} }] }],
  }
}
