/** What something has used of the processors up to a moment, as a kubelet's summary says. */
export interface Reading {
  readonly atMs: number
  readonly cpuNs: number
  readonly memoryBytes: number
  /** Absent for what does not begin anew. */
  readonly startedAtMs?: number
}

/** What something uses now. */
export interface Usage {
  /** Billionths of a core. */
  readonly cpuNanoCores: number
  readonly memoryBytes: number
  readonly windowMs: number
  readonly atMs: number
}

/** A container that started in this time tells nothing yet. */
const windowMsMin = 100

/**
 * Pure: use between two readings. What has begun since the first of them is measured from its beginning. Undefined when
 * there is too little to tell from.
 */
export function usageBetween(before: Reading | undefined, after: Reading): Usage | undefined {
  const isSame = before !== undefined && before.startedAtMs === after.startedAtMs && before.cpuNs <= after.cpuNs
  const from = isSame ? before : beginning(after)
  if (!from) return undefined
  const windowMs = after.atMs - from.atMs
  if (windowMs < windowMsMin) return undefined
  const cpuNanoCores = Math.round((after.cpuNs - from.cpuNs) / (windowMs / 1_000))
  return { cpuNanoCores, memoryBytes: after.memoryBytes, windowMs, atMs: after.atMs }
}

function beginning({ startedAtMs }: Reading): Pick<Reading, "atMs" | "cpuNs"> | undefined {
  return startedAtMs === undefined ? undefined : { atMs: startedAtMs, cpuNs: 0 }
}
