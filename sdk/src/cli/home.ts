import { readFileSync } from "node:fs"
import { homedir } from "node:os"
import { join, resolve } from "node:path"

/** Directory of this user's Wick. */
export function homeDirectory(env: NodeJS.ProcessEnv): string {
  return resolve(env.WICK_HOME || join(homedir(), ".wick"))
}

/** What a running Wick writes of itself for the command line (`$WICK_HOME/wick.json`). */
export interface Running {
  readonly pid: number
  readonly version: string
  readonly api: string
  readonly gateway: string
  readonly registry: string
  readonly metrics: string
  readonly domain: string
  readonly kubeconfig: string
  readonly startedAt: string
}

/** The Wick that runs from `home`, if its process lives. */
export function running(home: string): Running | undefined {
  try {
    const state = JSON.parse(readFileSync(join(home, "wick.json"), "utf8")) as Running
    process.kill(state.pid, 0)
    return state
  } catch {
    return undefined
  }
}
