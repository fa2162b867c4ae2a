import { readFile, statfs } from "node:fs/promises"
import os from "node:os"

/** What a machine is, as its node object tells it. */
export interface NodeFacts {
  readonly cpus: number
  readonly memoryBytes: number
  readonly diskBytes: number
  readonly machineId: string
  readonly bootId: string
  readonly kernelVersion: string
  readonly osImage: string
  readonly architecture: string
  readonly hostIp: string
}

export async function nodeFacts(directory: string): Promise<NodeFacts> {
  const [memory, machineId, bootId, release, disk] = await Promise.all([
    text("/proc/meminfo"),
    text("/etc/machine-id"),
    text("/proc/sys/kernel/random/boot_id"),
    text("/etc/os-release"),
    statfs(directory),
  ])
  return {
    cpus: os.availableParallelism(),
    memoryBytes: Number(/^MemTotal:\s+(\d+) kB/m.exec(memory)?.[1] ?? os.totalmem() / 1_024) * 1_024,
    diskBytes: disk.blocks * disk.bsize,
    machineId: machineId.trim(),
    bootId: bootId.trim(),
    kernelVersion: os.release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(release)?.[1] ?? os.type(),
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    hostIp: firstAddress(),
  }
}

/** The address of the first interface that leads out of the machine; loopback when there is none. */
function firstAddress(): string {
  const addresses = Object.entries(os.networkInterfaces()).flatMap(([name, list]) =>
    (list ?? []).map((address) => ({ ...address, name })),
  )
  const outward = addresses.filter(
    ({ family, internal, name }) => family === "IPv4" && !internal && !/^(veth|wick-|cni|docker|br-|virbr)/.test(name),
  )
  return outward[0]?.address ?? "127.0.0.1"
}

async function text(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "")
}
