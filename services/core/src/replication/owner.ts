import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as z from "zod"
import type { MemberId } from "#raft"

/** A directory holds the store of another member than the one that was to be started in it. */
export class ForeignDirectoryError extends Error {
  override name = "ForeignDirectoryError"
}

const fileName = "member"
const schema = z.object({ member: z.int().min(1) })

/**
 * Makes a directory one member's, for good. A member that went on with the votes and the log of another would break what
 * both have promised: a copied directory, a disk in the wrong host and a changed number look the same to it.
 */
export async function claimDirectory(directory: string, member: MemberId): Promise<void> {
  const path = join(directory, fileName)
  const owner = await ownerIn(path)
  if (owner === undefined) {
    await writeFile(path, `${JSON.stringify({ member })}\n`, { mode: 0o600, flush: true })
  } else if (owner !== member) {
    throw new ForeignDirectoryError(
      `${directory} holds the store of member ${owner}, and this is member ${member}. Give this host the directory that is ` +
        "its own; if that is lost, remove the member from the cluster and join this host as a new one",
    )
  }
}

async function ownerIn(path: string): Promise<MemberId | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, "utf8"))).member
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw new ForeignDirectoryError(`${path} does not say whose store this is: ${(error as Error).message}`)
  }
}
