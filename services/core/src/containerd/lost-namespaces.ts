import { execFile } from "node:child_process"
import { readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import type { CriClient } from "./cri-client.ts"

/** Where CRI mounts the network namespaces of its sandboxes, in containerd's state. */
export const criNamespaces = join("io.containerd.grpc.v1.cri", "netns")

/**
 * Removes network namespaces that no sandbox has. CRI makes one, with its links, before it notes that there is a sandbox: a
 * containerd that is killed in between leaves it to nobody. Only for one that has just started, and has none under way.
 */
export async function removeLostNamespaces(cri: CriClient, directory: string): Promise<void> {
  const paths = (await readdir(directory).catch(() => [])).map((name) => join(directory, name))
  if (paths.length === 0) return
  const { items = [] } = await cri.call("ListPodSandbox", {})
  const owned = new Set(await Promise.all(items.map(({ id = "" }) => namespaceOf(cri, id))))
  for (const path of paths.filter((each) => !owned.has(each))) {
    // One that is not mounted yet is a file.
    await promisify(execFile)("umount", ["-l", path]).catch(() => undefined)
    await rm(path, { force: true })
  }
}

interface SandboxInfo {
  readonly runtimeSpec?: {
    readonly linux?: { readonly namespaces?: readonly { readonly type: string; readonly path?: string }[] }
  }
}

async function namespaceOf(cri: CriClient, podSandboxId: string): Promise<string | undefined> {
  const { info } = await cri.call("PodSandboxStatus", { podSandboxId, verbose: true })
  const { runtimeSpec } = JSON.parse(info?.info ?? "{}") as SandboxInfo
  return runtimeSpec?.linux?.namespaces?.find(({ type }) => type === "network")?.path
}
