/** What an autoscaler remembers from one look to the next. After a restart it begins with the pods that there are. */
export interface Memory {
  /** What metrics asked for, before it was calmed. */
  readonly wishes: readonly { readonly atMs: number; readonly replicas: number }[]
  /** Pods that came, and pods that went, in which look. */
  readonly added: readonly Step[]
  readonly removed: readonly Step[]
}

export interface Step {
  readonly atMs: number
  readonly pods: number
}

/** No window and no policy looks further back. */
const memoryMsMax = 3_600_000

export function beginMemory(replicas: number, nowMs: number): Memory {
  return { wishes: [{ atMs: nowMs, replicas }], added: [], removed: [] }
}

export function withWish(memory: Memory, replicas: number, nowMs: number): Memory {
  const wishes = memory.wishes.filter(({ atMs }) => nowMs - atMs <= memoryMsMax)
  return { ...memory, wishes: [...wishes, { atMs: nowMs, replicas }] }
}

export function withStep(memory: Memory, from: number, to: number, nowMs: number): Memory {
  const young = (steps: readonly Step[]): Step[] => steps.filter(({ atMs }) => nowMs - atMs <= memoryMsMax)
  const added = young(memory.added)
  const removed = young(memory.removed)
  if (to > from) added.push({ atMs: nowMs, pods: to - from })
  else if (to < from) removed.push({ atMs: nowMs, pods: from - to })
  return { ...memory, added, removed }
}
