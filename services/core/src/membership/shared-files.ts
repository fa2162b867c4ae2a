import { readdir } from "node:fs/promises"
import { dirname, join, relative } from "node:path"
import { makeSecretDirectory, readSecretFile, writeSecretFile } from "#pki"

/** Path below the home → text: what all control planes of a cluster have alike, and nobody else may have. */
export type SharedFiles = Readonly<Record<string, string>>

/** Authorities and the key of tokens. Certificates each host makes for itself. */
const keys = ["ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key", "peer-ca.crt", "peer-ca.key"]
const shared = [...keys, "service-account.key"].map((file) => join("pki", file))
const encryption = "encryption"
/** What may be written: names that lead nowhere else. */
const allowed = /^(pki|encryption)\/[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/

export async function readSharedFiles(home: string): Promise<SharedFiles> {
  const sealing = await readdir(join(home, encryption), { withFileTypes: true }).catch(() => [])
  const paths = [...shared, ...sealing.filter((file) => file.isFile()).map(({ name }) => join(encryption, name))]
  const read = await Promise.all(paths.map(async (path) => [path, await readSecretFile(join(home, path))] as const))
  return Object.fromEntries(read.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** Throws where a name is none that could have been handed over. */
export async function writeSharedFiles(home: string, files: SharedFiles): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    if (!allowed.test(path)) throw new Error(`${path} is not what a cluster hands over`)
    const target = join(home, path)
    await makeSecretDirectory(dirname(target))
    await writeSecretFile(join(home, relative(home, target)), text)
  }
}
