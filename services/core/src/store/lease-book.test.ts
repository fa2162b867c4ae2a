import fc from "fast-check"
import { expect, it } from "vitest"
import { DeadlineQueue } from "./deadline-queue.ts"
import { LeaseBook } from "./lease-book.ts"

const deadline = fc.record({ atMs: fc.nat(20), id: fc.nat(1_000) })

it("gives deadlines in their order, equal ones by their ids, however they were added", () => {
  fc.assert(
    fc.property(fc.uniqueArray(deadline, { selector: ({ id }) => id }), (deadlines) => {
      const queue = new DeadlineQueue()
      for (const each of deadlines) queue.add(each)
      const taken: unknown[] = []
      for (let next = queue.peek(); next !== undefined; next = queue.peek()) {
        taken.push(next)
        queue.pop()
      }
      expect(taken).toEqual(deadlines.toSorted((a, b) => a.atMs - b.atMs || a.id - b.id))
    }),
  )
})

it("knows the next lease to end among those renewed and removed, as looking at all of them would", () => {
  const change = fc.record({ id: fc.nat(5), deadlineMs: fc.nat(100), remove: fc.boolean() })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), fc.nat(100), (changes, nowMs) => {
      const book = new LeaseBook()
      const twin = new Map<number, number>()
      for (const { id, deadlineMs, remove } of changes) {
        if (remove) book.remove(id)
        else book.set({ id, ttlSeconds: 1, deadlineMs })
        if (remove) twin.delete(id)
        else twin.set(id, deadlineMs)
        const earliest = twin.size === 0 ? undefined : Math.min(...twin.values())
        expect(book.earliestDeadlineMs()).toBe(earliest)
        const expired = book.firstExpired(nowMs)
        const due = earliest !== undefined && earliest <= nowMs
        expect(expired === undefined ? undefined : twin.get(expired)).toBe(due ? earliest : undefined)
      }
    }),
  )
})

it("remembers which keys a lease has, in order", () => {
  const book = new LeaseBook()
  for (const key of ["c", "a", "b"]) book.attach(1, key)
  book.detach(1, "b")
  expect(book.keysOf(1)).toEqual(["a", "c"])
  expect(book.keysOf(2)).toEqual([])
})
