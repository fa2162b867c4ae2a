import { readFileSync } from "node:fs"

/** A process that cannot be confused with a later one of the same pid. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks after boot at which it started (field 22 of /proc/PID/stat). */
  readonly startedAtTicks: string
}

/** `undefined` when there is no such process, or only its remains. */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    const dead = fields[0] === "Z" || fields[0] === "X"
    return dead ? undefined : { pid, startedAtTicks: fields[19] ?? "" }
  } catch {
    return undefined
  }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedAtTicks === identity.startedAtTicks
}

export function self(): ProcessIdentity {
  return identify(process.pid) ?? { pid: process.pid, startedAtTicks: "" }
}
