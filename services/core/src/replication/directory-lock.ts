import { createHash } from "node:crypto"
import { stat } from "node:fs/promises"
import { createServer } from "node:net"

/** Another process has the directory open. */
export class DirectoryInUseError extends Error {
  override name = "DirectoryInUseError"
}

/**
 * Makes this process the only one with the directory open. Two that wrote to one log would destroy it. The lock is a
 * listening socket in Linux' abstract namespace: taking it is atomic, and the kernel lets it go with the process,
 * however that ends, so no stale lock has to be told from a live one. (Processes in different network namespaces do
 * not see each other's; those that share a directory are expected to share that too.)
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  // By inode, so that two names of one directory are one lock.
  const { dev, ino } = await stat(directory)
  const id = createHash("sha256").update(`${dev}:${ino}`).digest("hex").slice(0, 32)
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const inUse = new DirectoryInUseError(`${directory} is in use by another process: stop that one first`)
      reject(error.code === "EADDRINUSE" ? inUse : error)
    })
    server.listen(`\0wick-store-${id}`, resolve)
  })
  server.unref()
  return () => new Promise((resolve) => server.close(() => resolve()))
}
