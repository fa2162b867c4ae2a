import { createHash } from "node:crypto"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { isAlive, type ProcessIdentity, self } from "@wick/core/kept-process"
import { Refusal } from "./refusal.ts"

/**
 * Where everything of one Wick lies. Two Wicks with different homes never meet: names of bridges, tables and network
 * namespaces carry `instance`.
 */
export interface Home extends Disposable {
  readonly directory: string
  /** Six hex digits, the same for the same directory. */
  readonly instance: string
  readonly kubeconfig: string
  path(...parts: string[]): string
}

/** Where the longest path of a socket in a home ends: containerd's, for its containers' shims. */
const longestSocket = "/containerd/state/containerd.sock.ttrpc"
/** Of a socket's path the kernel takes 108 bytes, the zero at its end included (unix(7)). */
const homeBytesMax = 107 - longestSocket.length

/** Takes the home for this process; a Refusal says who has it, or why there can be none. */
export function openHome(directory: string): Home {
  makeHome(directory)
  const lock = join(directory, "wick.pid")
  takeLock(lock, directory)
  return {
    directory,
    instance: createHash("sha256").update(directory).digest("hex").slice(0, 6),
    kubeconfig: join(directory, "kubeconfig"),
    path: (...parts) => {
      const path = join(directory, ...parts)
      mkdirSync(path, { recursive: true, mode: 0o700 })
      return path
    },
    [Symbol.dispose]: () => rmSync(lock, { force: true }),
  }
}

function makeHome(directory: string): void {
  const bytes = Buffer.byteLength(directory)
  if (bytes > homeBytesMax) {
    throw new Refusal(
      `--home ${directory}: its path has ${bytes} bytes, and the sockets in it leave room for ${homeBytesMax}`,
      "choose a directory with a shorter path, or a short link to this one: --home /var/lib/wick",
    )
  }
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new Refusal(
      `--home ${directory}: it cannot be made (${(error as Error).message})`,
      "choose another directory with --home, on a disk that can be written to",
    )
  }
}

/** The process that runs a home's Wick now, if one does. */
export function ownerOf(directory: string): ProcessIdentity | undefined {
  try {
    const owner = JSON.parse(readFileSync(join(directory, "wick.pid"), "utf8")) as ProcessIdentity
    return isAlive(owner) ? owner : undefined
  } catch {
    return undefined
  }
}

function takeLock(lock: string, directory: string): void {
  const owner = ownerOf(directory)
  if (owner && owner.pid !== process.pid) {
    throw new Refusal(
      `Wick already runs from ${directory} (process ${owner.pid})`,
      "use it as it is (wick status), stop it (wick down), or start another with --home and other ports",
    )
  }
  rmSync(lock, { force: true })
  try {
    writeFileSync(lock, JSON.stringify(self()), { flag: "wx", mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
    throw new Refusal(`another Wick is starting from ${directory}`, "wait for it, then: wick status")
  }
}
