import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { hostCommand } from "#network"
import type { SharedNamespaces } from "./oci-spec.ts"

/** Which namespaces a pod has of its own. */
export interface OwnNamespaces {
  readonly network: boolean
  readonly ipc: boolean
}

/** As much as containerd gives. */
const sharedMemory = "nosuid,noexec,nodev,mode=1777,size=65536k"

/** Where they are in the directory of a sandbox: a file each, on which the namespace is mounted, and shared memory. */
export function namespacePaths(directory: string, own: OwnNamespaces): SharedNamespaces & { sharedMemory: string } {
  const file = (name: string, has: boolean): string | undefined => (has ? join(directory, name) : undefined)
  return {
    network: file("net", own.network),
    // With the machine's network a pod has the machine's name.
    uts: file("uts", own.network),
    ipc: file("ipc", own.ipc),
    sharedMemory: own.ipc ? join(directory, "shm") : "/dev/shm",
  }
}

/**
 * Makes namespaces that stay without a process in them: a program enters new ones, has them mounted on files, and ends.
 * What it does inside is all that a pod finds there.
 */
export async function makeNamespaces(directory: string, own: OwnNamespaces): Promise<void> {
  const { network, uts, ipc, sharedMemory: memory } = namespacePaths(directory, own)
  const files = [network, uts, ipc].filter((path) => path !== undefined)
  if (files.length === 0) return
  await Promise.all([...files.map((path) => writeFile(path, "")), ...(ipc ? [mkdir(memory, { recursive: true })] : [])])
  const flags = [network && `--net=${network}`, uts && `--uts=${uts}`, ipc && `--ipc=${ipc}`].filter(
    (flag) => flag !== undefined,
  )
  const steps = [
    ...(network ? ["ip link set lo up"] : []),
    ...(ipc ? [`mount -t tmpfs -o ${sharedMemory} shm "$0"`] : []),
  ]
  await hostCommand("unshare", [...flags, "sh", "-c", steps.join(" && "), memory])
}

/** Whether they are still there: a machine that was switched off has none. */
export async function haveNamespaces(directory: string, own: OwnNamespaces): Promise<boolean> {
  const { network, uts, ipc } = namespacePaths(directory, own)
  const mounted = new Set(await mountPoints())
  return [network, uts, ipc].every((path) => path === undefined || mounted.has(path))
}

/** The kernel ends them with the last process in them. */
export async function dropNamespaces(directory: string): Promise<void> {
  const mounted = (await mountPoints()).filter((path) => path.startsWith(`${directory}/`))
  if (mounted.length > 0) await hostCommand("umount", ["-l", ...mounted])
}

async function mountPoints(): Promise<string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n")
  return lines.flatMap((line) => line.split(" ")[4] ?? [])
}
