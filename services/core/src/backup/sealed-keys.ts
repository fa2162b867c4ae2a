import { createCipheriv, createDecipheriv, createHmac, randomBytes, type ScryptOptions, scrypt } from "node:crypto"
import { readdir, readFile, writeFile } from "node:fs/promises"
import { dirname, join, normalize, sep } from "node:path"
import * as z from "zod"
import { makeSecretDirectory } from "#pki"
import { DamagedBackupError } from "./backup-error.ts"

/**
 * The keys that the store does not hold: of the cluster's authority, of its tokens, and those under which Secrets are
 * encrypted. They are sealed by a passphrase (scrypt, then AES-256-GCM), as who may read a backup need not be trusted
 * with them.
 *
 *      0        8          24      36                    end - 16   end
 *      ├────────┼──────────┼───────┼─────────────────────┼──────────┤
 *      │ WICKKEY1 │ salt 16 │ nonce │ files (JSON), sealed │ tag      │
 *      └────────┴──────────┴───────┴─────────────────────┴──────────┘
 */
const magic = Buffer.from("WICKKEY1")
const saltSize = 16
const nonceSize = 12
const tagSize = 16
const keySize = 32
/** 64 MiB and about a quarter of a second for each guess. */
const cost: ScryptOptions = { N: 2 ** 16, r: 8, p: 1, maxmem: 96 * 1024 * 1024 }

/** Folders of a home that are sealed, whole. */
export const keyFolders: readonly string[] = ["pki", "encryption"]

const filesSchema = z.record(z.string(), z.base64())
/** Contents in base64, by paths below the home with slashes. */
export type KeyFiles = z.output<typeof filesSchema>

export async function readKeyFiles(home: string): Promise<KeyFiles> {
  const files: Record<string, string> = {}
  for (const folder of keyFolders) {
    const entries = await readdir(join(home, folder), { recursive: true, withFileTypes: true }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return []
        throw error
      },
    )
    for (const entry of entries) {
      if (!entry.isFile() || entry.name.endsWith(".tmp")) continue
      const path = join(entry.parentPath, entry.name)
      files[
        path
          .slice(home.length + 1)
          .split(sep)
          .join("/")
      ] = (await readFile(path)).toString("base64")
    }
  }
  return Object.fromEntries(Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** By which is known whether these files were sealed by this passphrase; to who has neither it says nothing. */
export function checksumOf(files: KeyFiles, passphrase: string): string {
  return createHmac("sha256", passphrase).update(JSON.stringify(files)).digest("hex").slice(0, 16)
}

export async function writeKeyFiles(home: string, files: KeyFiles): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const isInside = keyFolders.some((folder) => normalize(path).startsWith(`${folder}${sep}`))
    if (!isInside) throw new DamagedBackupError(`the sealed keys have a file at ${path}, which is no place for one`)
    await makeSecretDirectory(dirname(join(home, path)))
    await writeFile(join(home, path), Buffer.from(content, "base64"), { flag: "wx", mode: 0o600 })
  }
}

export async function sealKeys(files: KeyFiles, passphrase: string): Promise<Buffer> {
  const salt = randomBytes(saltSize)
  const nonce = randomBytes(nonceSize)
  const cipher = createCipheriv("aes-256-gcm", await derive(passphrase, salt), nonce)
  cipher.setAAD(magic)
  const sealed = Buffer.concat([cipher.update(JSON.stringify(files)), cipher.final()])
  return Buffer.concat([magic, salt, nonce, sealed, cipher.getAuthTag()])
}

/** Throws DamagedBackupError when the passphrase is another, or a byte is. */
export async function openKeys(bytes: Buffer, passphrase: string, name: string): Promise<KeyFiles> {
  const start = magic.length + saltSize + nonceSize
  if (bytes.length < start + tagSize || !bytes.subarray(0, magic.length).equals(magic)) {
    throw new DamagedBackupError(`${name} holds no sealed keys`)
  }
  const salt = bytes.subarray(magic.length, magic.length + saltSize)
  const decipher = createDecipheriv(
    "aes-256-gcm",
    await derive(passphrase, salt),
    bytes.subarray(start - nonceSize, start),
  )
  decipher.setAAD(magic)
  decipher.setAuthTag(bytes.subarray(bytes.length - tagSize))
  try {
    const text = Buffer.concat([decipher.update(bytes.subarray(start, bytes.length - tagSize)), decipher.final()])
    return filesSchema.parse(JSON.parse(text.toString("utf8")))
  } catch {
    throw new DamagedBackupError(`${name} cannot be opened: it was sealed with another passphrase, or is damaged`)
  }
}

function derive(passphrase: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize("NFKC"), salt, keySize, cost, (error, key) => (error ? reject(error) : resolve(key)))
  })
}
