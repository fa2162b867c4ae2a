import { readFile } from "node:fs/promises"
import { constants } from "node:os"

/** The process that a container's stop signal goes to. */
export interface FirstProcess {
  /** Whether a stop signal that is sent now comes to anything. */
  hearsStop(): Promise<boolean>
  /** The stop signal once more, if the process is there. */
  tellAgain(): Promise<void>
}

/** The first of the signals that programs may use as they like; libc keeps two of them to itself. */
const realTimeMin = 34

/**
 * A process of this machine, as long as it is of the container: a runtime may live where processes have other numbers,
 * and of what cannot be seen nothing is said.
 */
export function firstProcess(pid: number, containerId: string, signal: string | undefined): FirstProcess {
  const number = signalNumber(signal)
  const read = (name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "")
  const isOurs = async (): Promise<boolean> => (await read("cgroup")).includes(containerId)
  return {
    hearsStop: async () => !(await isOurs()) || hears(await read("status"), number),
    tellAgain: async () => {
      if (await isOurs()) send(pid, number)
    },
  }
}

function send(pid: number, signal: number): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // It has ended since.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error
  }
}

/**
 * Pure: whether a process, by its `/proc/<pid>/status`, would learn of a signal. The first one of a container does not
 * before it has said what it does on it, as a program that is still being loaded has not: the kernel drops the signal, and
 * does not keep it either unless it is blocked.
 */
export function hears(status: string, signal: number): boolean {
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? ""
  if (field("NSpid").split(/\s+/).at(-1) !== "1") return true
  const noted = BigInt(`0x${field("SigCgt") || "0"}`) | BigInt(`0x${field("SigBlk") || "0"}`)
  return ((noted >> BigInt(signal - 1)) & 1n) === 1n
}

/** Pure: the number of an image's stop signal, in any of the forms that images have: `SIGINT`, `INT`, `2`, `SIGRTMIN+3`. */
export function signalNumber(signal = ""): number {
  if (/^\d+$/.test(signal)) return Number(signal) || constants.signals.SIGTERM
  const name = signal.toUpperCase().replace(/^SIG/, "")
  const realTime = /^RTMIN(?:\+(\d+))?$/.exec(name)
  if (realTime) return realTimeMin + Number(realTime[1] ?? 0)
  return (constants.signals as Partial<Record<string, number>>)[`SIG${name}`] ?? constants.signals.SIGTERM
}
