import { beforeEach, describe, expect, it } from "vitest"
import { Mvcc } from "./mvcc.ts"
import { MemoryRecords } from "./records.ts"
import { WatchHub } from "./watch-hub.ts"

let mvcc: Mvcc
let hub: WatchHub
let tasks: (() => void)[]

beforeEach(() => {
  mvcc = new Mvcc(new MemoryRecords())
  tasks = []
  hub = new WatchHub(mvcc, (task) => void tasks.push(task))
})

function put(key: string): void {
  const operation = { kind: "put", key, value: Buffer.from("x") } as const
  const command = { kind: "txn", request: { compare: [], success: [operation], failure: [] } } as const
  hub.publish(mvcc.apply({ timeMs: 0, command }).written)
}

function watch(key: string, fromRevision = 0): { told: number[]; close: () => void } {
  const told: number[] = []
  const onBatch = ({ revision }: { revision: number }): void => void told.push(revision)
  const { close } = hub.watch({ key, fromRevision }, { onBatch, onEnd: () => {} })
  return { told, close }
}

describe("the watch hub", () => {
  it("reads long history a slice at a time, so that others get their turn", () => {
    for (let at = 0; at < 2_500; at++) put("a")
    const long = watch("a", 2)
    const late = watch("a", 2_400)
    tasks.shift()?.()
    expect(long.told).toEqual([1_001])
    expect(late.told).toEqual([2_501])
    put("a")
    expect(late.told).toEqual([2_501, 2_502])
    while (tasks.length > 0) tasks.shift()?.()
    expect(long.told).toEqual([1_001, 2_001, 2_502])
  })

  it("does nothing when everyone knows everything", () => {
    watch("a")
    put("a")
    expect(tasks).toEqual([])
  })

  it("lets one watcher's bug be its own: the others are told, and it is thrown apart from them", () => {
    const onBatch = (): void => {
      throw new Error("a bug")
    }
    hub.watch({ key: "a" }, { onBatch, onEnd: () => {} })
    const other = watch("a")
    put("a")
    put("a")
    expect(other.told).toEqual([2, 3])
    expect(tasks.length).toBe(1)
    expect(tasks[0]).toThrow("a bug")
  })

  it("makes one batch for all watchers of the same interval", () => {
    const batches = new Set<unknown>()
    const onBatch = (batch: unknown): void => void batches.add(batch)
    for (let at = 0; at < 10; at++) hub.watch({ key: "a", end: "b" }, { onBatch, onEnd: () => {} })
    put("a")
    expect(batches.size).toBe(1)
  })

  it("forgets an interval with its last watcher", () => {
    const first = watch("a")
    const second = watch("a")
    first.close()
    put("a")
    second.close()
    second.close()
    put("a")
    expect([first.told, second.told]).toEqual([[], [2]])
    expect(watch("a").told).toEqual([])
  })
})
