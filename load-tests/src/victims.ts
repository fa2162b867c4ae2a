import { spawn } from "node:child_process"
import { openSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Platform } from "./platform.ts"

/** A process of the platform that is ended, and who it is when it is back. */
export interface Victim {
  readonly name: string
  /** Resolves when it is dead and, where nobody else does that, started again. */
  kill(): Promise<void>
}

interface Remembered {
  readonly pid: number
}

/** The control process keeps the activators running: nothing is to be done but to end them. */
export function activatorVictim({ home }: Platform, at: number, signal: "SIGKILL" | "SIGTERM"): Victim {
  const pidFile = join(home, "run", `activator-${at}.pid`)
  return {
    name: `activator-${at} by ${signal}`,
    kill: async () => {
      const { pid } = JSON.parse(readFileSync(pidFile, "utf8")) as Remembered
      process.kill(pid, signal)
    },
  }
}

/** Controller and autoscaler (and API server, scheduler, kubelet) are one process; it is started again as it was. */
export function controlVictim({ home }: Platform): Victim {
  return {
    name: "control (controller, autoscaler)",
    kill: async () => {
      const { pid } = JSON.parse(readFileSync(join(home, "wick.json"), "utf8")) as Remembered
      const read = (file: string): string[] => readFileSync(`/proc/${pid}/${file}`, "utf8").split("\0").filter(Boolean)
      const [command = process.execPath, ...args] = read("cmdline")
      const pairs = read("environ").map((entry) => [
        entry.slice(0, entry.indexOf("=")),
        entry.slice(entry.indexOf("=") + 1),
      ])
      // It would look for the one who started the first.
      const { NODE_CHANNEL_FD: _, NODE_CHANNEL_SERIALIZATION_MODE: __, ...env } = Object.fromEntries(pairs)
      process.kill(pid, "SIGKILL")
      await gone(pid)
      const output = openSync(join(home, "control.log"), "a")
      spawn(command, args, { detached: true, stdio: ["ignore", output, output], env }).unref()
    },
  }
}

const goneMsMax = 10_000

async function gone(pid: number): Promise<void> {
  const deadline = performance.now() + goneMsMax
  while (performance.now() < deadline) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    // A zombie still answers: its parent is somebody who does not wait for it.
    if (/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`process ${pid} is still there ${goneMsMax} ms after SIGKILL`)
}
