import { mkdirSync, writeFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { namespacePlugin, namespaceVariables } from "#network"
import type { SharedNamespaces } from "./oci-spec.ts"
import type { Plugins } from "./plugins.ts"

/** Which namespaces a pod has of its own. */
export interface OwnNamespaces {
  readonly network: boolean
  readonly ipc: boolean
}

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

/** Makes namespaces that stay without a process in them. */
export async function makeNamespaces(plugins: Plugins, directory: string, own: OwnNamespaces): Promise<void> {
  const { network, uts, ipc, sharedMemory } = namespacePaths(directory, own)
  const files = [network, uts, ipc].filter((path) => path !== undefined)
  if (files.length === 0) return
  for (const path of files) writeFileSync(path, "")
  if (ipc) mkdirSync(sharedMemory)
  await plugins.run(namespacePlugin, "ADD", mountsOf(directory, own))
}

/** The kernel ends them with the last process in them. Succeeds for what is gone. */
export async function dropNamespaces(plugins: Plugins, directory: string, own: OwnNamespaces): Promise<void> {
  await plugins.run(namespacePlugin, "DEL", mountsOf(directory, own))
}

/** Whether they are still there: a machine that was switched off has none. */
export async function haveNamespaces(directory: string, own: OwnNamespaces): Promise<boolean> {
  const { network, uts, ipc } = namespacePaths(directory, own)
  const mounted = new Set(await mountPoints())
  return [network, uts, ipc].every((path) => path === undefined || mounted.has(path))
}

function mountsOf(directory: string, own: OwnNamespaces): Record<string, string> {
  const { network, uts, ipc, sharedMemory } = namespacePaths(directory, own)
  return {
    ...(network && { [namespaceVariables.network]: network }),
    ...(uts && { [namespaceVariables.uts]: uts }),
    ...(ipc && { [namespaceVariables.ipc]: ipc, [namespaceVariables.sharedMemory]: sharedMemory }),
  }
}

async function mountPoints(): Promise<string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n")
  return lines.flatMap((line) => line.split(" ")[4] ?? [])
}
