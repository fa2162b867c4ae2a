import { mkdir, readdir } from "node:fs/promises"
import { join } from "node:path"

/** Where containerd has a directory for each container that runs, in its state. */
const tasks = join("run", "io.containerd.runtime.v2.task", "k8s.io")

/** Makes the directory of containerd's state: `wanted`, but containers that run stay where theirs is, in `own`. */
export async function stateDirectory(own: string, wanted: string): Promise<string> {
  const running = await readdir(join(own, tasks)).catch(() => [])
  const state = running.length > 0 ? own : wanted
  await mkdir(state, { recursive: true, mode: 0o711 })
  return state
}
