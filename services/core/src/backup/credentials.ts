import { readFile, stat } from "node:fs/promises"
import { BackupOptionError } from "./backup-error.ts"

/** Kept out of every message and log. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | undefined
}

/**
 * From a file like Amazon's `~/.aws/credentials` (`aws_access_key_id = …`), which only its owner may read; without one
 * from the environment, by the names that all of Amazon's tools know.
 */
export async function readCredentials(
  path: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Credentials> {
  const found = path === undefined ? env : await readFileOf(path)
  const value = (name: string): string | undefined => found[name.toUpperCase()] || undefined
  const accessKeyId = value("aws_access_key_id")
  const secretAccessKey = value("aws_secret_access_key")
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    const where = path ?? "the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)"
    throw new BackupOptionError(`no credentials for the backup: ${where} has no access key id and secret access key`)
  }
  return { accessKeyId, secretAccessKey, sessionToken: value("aws_session_token") }
}

async function readFileOf(path: string): Promise<Record<string, string | undefined>> {
  const text = await readOwnFile(path)
  const lines = text.split("\n").flatMap((line) => {
    const [, name, value] = /^\s*(\w+)\s*=\s*(\S+)\s*$/.exec(line) ?? []
    return name && value ? [[name.toUpperCase(), value] as const] : []
  })
  return Object.fromEntries(lines)
}

/** Letters of a passphrase, at least. */
const passphraseMin = 12

export async function readPassphrase(path: string): Promise<string> {
  const passphrase = (await readOwnFile(path)).trim()
  if (passphrase.length >= passphraseMin) return passphrase
  throw new BackupOptionError(`the passphrase in ${path} is too short: it must have at least ${passphraseMin} letters`)
}

/** A file with a secret. Others must not be able to read it: then it is none, and is refused. */
async function readOwnFile(path: string): Promise<string> {
  try {
    const { mode } = await stat(path)
    if ((mode & 0o077) === 0) return await readFile(path, "utf8")
  } catch (error) {
    throw new BackupOptionError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
  throw new BackupOptionError(`${path} can be read by others: chmod 600 ${path}`)
}
