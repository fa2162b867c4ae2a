import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"

const ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }))
const bytesPerPage = Number(execFileSync("getconf", ["PAGESIZE"], { encoding: "utf8" }))

/** Processes whose command line holds `text`. */
export function pidsOf(text: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => commandLine(pid).includes(text))
}

/** CPU that processes have used since they started, user and system, in microseconds. */
export function cpuMicros(pids: readonly number[]): number {
  const ticks = pids.map((pid) => stat(pid)).map((fields) => Number(fields[11] ?? 0) + Number(fields[12] ?? 0))
  return (ticks.reduce((sum, each) => sum + each, 0) / ticksPerSecond) * 1_000_000
}

/** CPU of all of the machine since it started, in microseconds; nothing of what it stood idle. */
export interface MachineTime {
  /** Interrupts with it. */
  readonly used: number
  /** What it wanted and its host gave to others: other machines are noisy when this is much. */
  readonly stolen: number
}

export function machineTime(): MachineTime {
  const [, user = 0, nice = 0, system = 0, , , interrupts = 0, softInterrupts = 0, stolen = 0] =
    read("/proc/stat").split("\n", 1)[0]?.split(/\s+/).map(Number) ?? []
  const micros = (ticks: number): number => (ticks / ticksPerSecond) * 1_000_000
  return { used: micros(user + nice + system + interrupts + softInterrupts), stolen: micros(stolen) }
}

/** Resident memory of processes, bytes. */
export function residentBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + Number(stat(pid)[21] ?? 0) * bytesPerPage, 0)
}

/**
 * Memory that is the processes' own, bytes: without programs and the store's mapped table, whose pages are the kernel's cache
 * of files and go when it needs them.
 */
export function anonymousBytes(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) => Number(/^RssAnon:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0))
  return kilobytes.reduce((sum, each) => sum + each, 0) * 1_024
}

function commandLine(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll("\0", " ")
}

/** Fields of /proc/PID/stat after the command's name: index 11 is utime, 12 stime, 21 rss in pages. */
function stat(pid: number): string[] {
  const text = read(`/proc/${pid}/stat`)
  return text.slice(text.lastIndexOf(")") + 2).split(" ")
}

/** A process that has ended has used nothing more. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}
