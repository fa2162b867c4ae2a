import { randomBytes } from "node:crypto"
import { chmod, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises"
import { dirname } from "node:path"

/** Only the owner reads and writes. */
const secretMode = 0o600
const secretDirectoryMode = 0o700

export async function makeSecretDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: secretDirectoryMode })
}

/**
 * Puts `text` at `path` whole or not at all: written beside, made durable, then renamed. The mode is there from the
 * first byte on, so that no moment exists in which another user could open the file.
 */
export async function writeSecretFile(path: string, text: string): Promise<void> {
  const beside = `${path}.${randomBytes(4).toString("hex")}.tmp`
  try {
    const file = await open(beside, "wx", secretMode)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
  const directory = await open(dirname(path))
  await directory.sync().finally(() => directory.close())
}

/** The text of a secret file, or undefined if there is none. A file that others could read is closed to them. */
export async function readSecretFile(path: string): Promise<string | undefined> {
  try {
    const text = await readFile(path, "utf8")
    const { mode } = await stat(path)
    if ((mode & 0o077) !== 0) await chmod(path, secretMode)
    return text
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw error
  }
}
