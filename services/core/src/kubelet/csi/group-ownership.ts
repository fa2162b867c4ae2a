import { chmod, lchown, lstat, readdir } from "node:fs/promises"
import { join } from "node:path"

const groupReads = 0o660
/** Directories are also entered, and what is made in them belongs to the group too. */
const groupEnters = 0o2770

/** Gives a volume's files to a group, as Kubernetes does for `fsGroup`. Links are not followed. */
export async function giveToGroup(path: string, gid: number): Promise<void> {
  const facts = await lstat(path)
  await lchown(path, facts.uid, gid)
  if (facts.isSymbolicLink()) return
  await chmod(path, (facts.mode & 0o7777) | (facts.isDirectory() ? groupEnters : groupReads))
  if (!facts.isDirectory()) return
  for (const name of await readdir(path)) await giveToGroup(join(path, name), gid)
}
