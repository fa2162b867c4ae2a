import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A directory of one test, removed when the stack ends. */
export async function ownDirectory(running: AsyncDisposableStack, name: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), `wick-${name}-`))
  running.defer(() => rm(directory, { recursive: true, force: true }))
  return directory
}
