import { readdirSync } from "node:fs"
import { getHeapStatistics } from "node:v8"
import { residentBytes } from "../memory/resident-bytes.ts"

export interface ProcessFamily {
  readonly name: string
  readonly help: string
  readonly type: "counter" | "gauge"
  readonly read: () => number
}

/** What a process knows of itself, read only when asked: no observer and no timer runs beside the work. */
export function processFamilies(): ProcessFamily[] {
  const cpu = (part: "user" | "system") => () => process.cpuUsage()[part] / 1e6
  let busy = performance.eventLoopUtilization()
  const utilization = (): number => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, busy)
    busy = now
    return utilization
  }
  const startedAtSeconds = performance.timeOrigin / 1000
  const counter = (name: string, help: string, read: () => number): ProcessFamily => ({
    name,
    help,
    type: "counter",
    read,
  })
  const gauge = (name: string, help: string, read: () => number): ProcessFamily => ({ name, help, type: "gauge", read })
  return [
    counter("process_cpu_user_seconds_total", "Seconds of CPU used in user mode.", cpu("user")),
    counter("process_cpu_system_seconds_total", "Seconds of CPU used in system mode.", cpu("system")),
    counter("process_cpu_seconds_total", "Seconds of CPU used.", () => cpu("user")() + cpu("system")()),
    gauge("process_start_time_seconds", "When the process began, since the Unix epoch.", () => startedAtSeconds),
    gauge("process_resident_memory_bytes", "Resident memory.", () => residentBytes() ?? Number.NaN),
    gauge("process_open_fds", "Open file descriptors.", openFiles),
    gauge("nodejs_heap_size_used_bytes", "JavaScript heap in use.", () => getHeapStatistics().used_heap_size),
    gauge(
      "nodejs_external_memory_bytes",
      "Memory of buffers outside of the heap.",
      () => getHeapStatistics().external_memory,
    ),
    gauge(
      "nodejs_eventloop_utilization",
      "Part of the time since the last reading that was spent working.",
      utilization,
    ),
  ]
}

function openFiles(): number {
  try {
    return readdirSync("/proc/self/fd").length
  } catch {
    return Number.NaN
  }
}
