import { existsSync, readFileSync } from "node:fs"
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
    return lives(state.pid) ? state : undefined
  } catch {
    return undefined
  }
}

/** Whether the Wick of `home` ended without a word: what it began goes on without it, its gateways for example. */
export function wasKilled(home: string): boolean {
  return existsSync(join(home, "wick.json")) && !running(home)
}

/** Whether the process that ran `home`'s Wick has it still: it says at once that it ends, and lets go when all has. */
export function holds(home: string, pid: number): boolean {
  return existsSync(join(home, "wick.pid")) && lives(pid)
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
