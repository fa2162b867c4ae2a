import { describe, expect, it } from "vitest"
import { WorkQueue } from "./work-queue.ts"

describe("a work queue", () => {
  it("holds a key once however often it is added", () => {
    const queue = new WorkQueue()
    queue.add("a")
    queue.add("b")
    queue.add("a")
    expect([queue.take(0), queue.take(0), queue.take(0)]).toEqual(["a", "b", undefined])
  })

  it("never gives a key that is being worked on, but gives it again when it was added meanwhile", () => {
    const queue = new WorkQueue()
    queue.add("a")
    expect(queue.take(0)).toBe("a")
    queue.add("a")
    expect(queue.take(0)).toBeUndefined()
    queue.done("a")
    expect(queue.take(0)).toBe("a")
    queue.done("a")
    expect(queue.take(0)).toBeUndefined()
  })

  it("gives waiting keys in order of their moment", () => {
    const queue = new WorkQueue()
    for (const [key, at] of [
      ["c", 30],
      ["a", 10],
      ["b", 20],
      ["d", 40],
    ] as const)
      queue.addAt(key, at)
    expect(queue.nextDueMs()).toBe(10)
    expect(queue.take(9)).toBeUndefined()
    expect([queue.take(30), queue.take(30), queue.take(30), queue.take(30)]).toEqual(["a", "b", "c", undefined])
    expect(queue.nextDueMs()).toBe(40)
  })

  it("keeps the earlier of two moments of a key", () => {
    const queue = new WorkQueue()
    queue.addAt("a", 20)
    queue.addAt("a", 10)
    queue.addAt("a", 30)
    expect(queue.take(10)).toBe("a")
    queue.done("a")
    expect(queue.nextDueMs()).toBeUndefined()
  })

  it("forgets the moment of a key that is added for now", () => {
    const queue = new WorkQueue()
    queue.addAt("a", 20)
    queue.add("a")
    expect(queue.nextDueMs()).toBeUndefined()
    expect(queue.take(0)).toBe("a")
  })

  it("waits twice as long after each failure, up to a minute, and short again after a success", () => {
    const queue = new WorkQueue()
    let nowMs = 0
    const waits = Array.from({ length: 16 }, () => {
      const waitMs = queue.retry("a", nowMs)
      nowMs += waitMs
      return waitMs
    })
    expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40])
    expect(waits.at(-1)).toBe(60_000)
    queue.forget("a")
    expect(queue.retry("a", nowMs)).toBe(5)
  })

  it("does not wait longer because a key was woken and failed again in the middle of its rest", () => {
    const queue = new WorkQueue()
    expect(queue.retry("a", 0)).toBe(5)
    expect(queue.retry("a", 1)).toBe(5)
    expect(queue.retry("a", 2)).toBe(5)
    expect(queue.retry("a", 7)).toBe(10)
  })
})
