import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { noEnd, prefixEnd } from "./key-interval.ts"
import {
  CompactedError,
  FutureRevisionError,
  InvalidRequestError,
  type KeyValue,
  LeaseExistsError,
  LeaseNotFoundError,
  type Operation,
  StoppedError,
  type Storage,
  type StoreEvent,
  TooLargeError,
  type TxnRequest,
  type Watch,
  type WatchRequest,
} from "./storage.ts"

export interface StorageUnderTest {
  readonly storage: Storage
  /** The storage's own clock. */
  readonly clock: { advance(ms: number): Promise<unknown> }
  /** A lease for the tests, and the share of it after which it surely lives on: where time is real, both are told apart less finely. */
  readonly lease?: { readonly seconds: number; readonly share: number }
  /** A fault of somebody else's store that cannot be mended from here: a deletion at just the compacted revision is forgotten. */
  readonly forgetsDeletions?: boolean
  dispose(): Promise<void>
}

const bytes = (text: string): Uint8Array => Buffer.from(text)
const text = (kv: KeyValue | undefined): string | undefined => (kv ? Buffer.from(kv.value).toString() : undefined)
const put = (key: string, value: string, lease = 0): Operation => ({ kind: "put", key, value: bytes(value), lease })
const always = (...success: Operation[]): TxnRequest => ({ compare: [], success, failure: [] })

/** What every maker of `Storage` promises, told by example. */
export function describeStorage(name: string, make: () => Promise<StorageUnderTest>): void {
  describe(`storage: ${name}`, () => {
    let storage: Storage
    let clock: StorageUnderTest["clock"]
    let lease: NonNullable<StorageUnderTest["lease"]>
    let forgetsDeletions: boolean
    let dispose: () => Promise<void>

    beforeEach(async () => {
      const made = await make()
      storage = made.storage
      clock = made.clock
      forgetsDeletions = made.forgetsDeletions ?? false
      lease = made.lease ?? { seconds: 10, share: 0.9 }
      dispose = () => made.dispose()
    })
    afterEach(() => dispose())

    const write = async (...operations: Operation[]): Promise<number> =>
      (await storage.txn(always(...operations))).revision
    const read = async (key: string, revision = 0): Promise<KeyValue | undefined> =>
      (await storage.range({ key, revision })).kvs[0]
    const all = { key: noEnd, end: noEnd }

    describe("revisions", () => {
      it("starts at 1, and every transaction that writes adds one", async () => {
        expect(storage.currentRevision()).toBe(1)
        expect(await write(put("a", "1"))).toBe(2)
        expect(await write(put("b", "1"), put("c", "1"))).toBe(3)
        expect(storage.currentRevision()).toBe(3)
      })

      it("are not made by a transaction that only reads, or that deletes nothing", async () => {
        expect(await write({ kind: "range", key: "a" }, { kind: "delete", key: "a" })).toBe(1)
      })

      it("are kept by each key: when made, when last changed, and how often since", async () => {
        await write(put("a", "1"))
        await write(put("a", "2"))
        expect(await read("a")).toMatchObject({ createRevision: 2, modRevision: 3, version: 2 })
        await write({ kind: "delete", key: "a" })
        await write(put("a", "3"))
        expect(await read("a")).toMatchObject({ createRevision: 5, modRevision: 5, version: 1 })
      })
    })

    describe("range", () => {
      beforeEach(async () => {
        for (const key of ["a", "b/1", "b/2", "b/3", "c"]) await write(put(key, `value of ${key}`))
      })

      it("gives one key, an interval without its end, a prefix, or everything from a key on, in order", async () => {
        const keys = async (key: string, end?: string): Promise<string[]> =>
          (await storage.range(end === undefined ? { key } : { key, end })).kvs.map((kv) => kv.key)
        expect(await keys("b/1")).toEqual(["b/1"])
        expect(await keys("b")).toEqual([])
        expect(await keys("a", "b/2")).toEqual(["a", "b/1"])
        expect(await keys("b/", prefixEnd("b/"))).toEqual(["b/1", "b/2", "b/3"])
        expect(await keys("b/2", noEnd)).toEqual(["b/2", "b/3", "c"])
        expect(await keys("b/2", "b/2")).toEqual([])
      })

      it("stops at the limit, and still says how many there are", async () => {
        const { kvs, count, more } = await storage.range({ ...all, limit: 2 })
        expect(kvs.map((kv) => kv.key)).toEqual(["a", "b/1"])
        expect({ count, more }).toEqual({ count: 5, more: true })
        expect(await storage.range({ ...all, limit: 5 })).toMatchObject({ count: 5, more: false })
      })

      it("can leave values or everything but the count away", async () => {
        const { kvs } = await storage.range({ key: "a", keysOnly: true })
        expect(kvs[0]).toMatchObject({ key: "a", modRevision: 2 })
        expect(kvs[0]?.value.length).toBe(0)
        expect(await storage.range({ ...all, countOnly: true })).toEqual({
          kvs: [],
          count: 5,
          more: false,
          revision: 6,
        })
      })

      it("reads the past as it was", async () => {
        await write(put("a", "new"))
        await write({ kind: "delete", key: "b/1" })
        const { kvs } = await storage.range({ ...all, revision: 6 })
        expect(kvs.map((kv) => text(kv))).toEqual(["a", "b/1", "b/2", "b/3", "c"].map((key) => `value of ${key}`))
        expect((await storage.range({ ...all, revision: 3 })).count).toBe(2)
        expect((await storage.range(all)).count).toBe(4)
      })

      it("refuses a revision that is not yet made", async () => {
        await expect(storage.range({ key: "a", revision: 7 })).rejects.toThrow(FutureRevisionError)
      })

      it("orders keys by bytes, not by letters", async () => {
        await write(put("b\xff", "x"), put("B", "x"))
        const { kvs } = await storage.range({ key: "A", end: "c" })
        expect(kvs.map((kv) => kv.key)).toEqual(["B", "a", "b/1", "b/2", "b/3", "b\xff"])
      })
    })

    describe("txn", () => {
      it("takes the branch that its compares choose", async () => {
        await write(put("a", "1"))
        const swap = (modRevision: number): TxnRequest => ({
          compare: [{ key: "a", target: "mod", op: "=", value: modRevision }],
          success: [put("a", "swapped")],
          failure: [{ kind: "range", key: "a" }],
        })
        const lost = await storage.txn(swap(99))
        expect(lost).toMatchObject({ succeeded: false, revision: 2, results: [{ kind: "range", count: 1 }] })
        expect(await storage.txn(swap(2))).toMatchObject({ succeeded: true, revision: 3 })
        expect(text(await read("a"))).toBe("swapped")
      })

      it.each([
        { target: "version", op: "=", value: 0, holds: true },
        { target: "create", op: "=", value: 0, holds: true },
        { target: "mod", op: ">", value: 0, holds: false },
        { target: "lease", op: "<", value: 1, holds: true },
        { target: "value", op: "!=", value: bytes("x"), holds: false },
      ] as const)("compares a missing key's $target $op $value: $holds", async ({ holds, ...compare }) => {
        const txn = { compare: [{ key: "missing", ...compare }], success: [], failure: [] } as TxnRequest
        expect((await storage.txn(txn)).succeeded).toBe(holds)
      })

      it("compares values as bytes", async () => {
        await write(put("a", "m"))
        const holds = async (op: "<" | ">" | "=", value: string): Promise<boolean> =>
          (
            await storage.txn({
              compare: [{ key: "a", target: "value", op, value: bytes(value) }],
              success: [],
              failure: [],
            })
          ).succeeded
        expect(await holds("<", "n")).toBe(true)
        expect(await holds(">", "mm")).toBe(false)
        expect(await holds("=", "m")).toBe(true)
      })

      it("lets later operations see what earlier ones did, all at one revision", async () => {
        const { results, revision } = await storage.txn(
          always(put("a", "1"), put("b", "1"), { kind: "range", ...all }, { kind: "delete", key: "c", end: noEnd }),
        )
        expect(results[2]).toMatchObject({ kind: "range", count: 2, revision })
        expect((await storage.range(all)).kvs.map((kv) => kv.modRevision)).toEqual([2, 2])
      })

      it("tells what was there before, when asked", async () => {
        await write(put("a", "1"), put("b", "2"))
        const { results } = await storage.txn(
          always(
            { kind: "put", key: "a", value: bytes("3"), previous: true },
            { kind: "delete", key: "b", end: noEnd, previous: true },
          ),
        )
        expect(results[0]?.kind === "put" && text(results[0].previous)).toBe("1")
        expect(results[1]).toMatchObject({ kind: "delete", deleted: 1, previous: [{ key: "b", version: 1 }] })
      })

      it("refuses what can never succeed, and changes nothing", async () => {
        await expect(write(put("", "x"))).rejects.toThrow(InvalidRequestError)
        await expect(write(put("zażółć", "x"))).rejects.toThrow(InvalidRequestError)
        await expect(write(put("a", "1"), put("a", "2"))).rejects.toThrow(InvalidRequestError)
        await expect(write(put("a", "1"), { kind: "delete", key: "A", end: "b" })).rejects.toThrow(InvalidRequestError)
        await expect(write(put("a", "x".repeat(1.6 * 1024 * 1024)))).rejects.toThrow(TooLargeError)
        await expect(write(put("a", "1"), put("b", "1", 77))).rejects.toThrow(LeaseNotFoundError)
        await expect(write(put("a", "1", -1))).rejects.toThrow(InvalidRequestError)
        await expect(write({ kind: "range", key: "a", revision: 1.5 })).rejects.toThrow(InvalidRequestError)
        await expect(storage.range({ key: "a", limit: -1 })).rejects.toThrow(InvalidRequestError)
        await expect(storage.compact(Number.NaN)).rejects.toThrow(InvalidRequestError)
        expect(storage.currentRevision()).toBe(1)
        expect((await storage.range(all)).count).toBe(0)
      })

      it("keeps its own copy of what it is given", async () => {
        const value = Buffer.from("given")
        const written = storage.txn(always({ kind: "put", key: "a", value }))
        value.fill("!")
        await written
        expect(text(await read("a"))).toBe("given")
      })

      it("answers many callers at once, each with a revision of its own", async () => {
        const revisions = await Promise.all(Array.from({ length: 200 }, (_, at) => write(put(`k${at}`, "x"))))
        expect(new Set(revisions).size).toBe(200)
        expect(storage.currentRevision()).toBe(201)
        expect((await storage.range(all)).count).toBe(200)
      })
    })

    describe("values read at once", () => {
      it("are what was written at just that revision, for as long as that is kept", async ({ skip }) => {
        skip(!storage.readerOf, "it takes asking somebody else")
        const value = storage.readerOf?.("k")
        const said = (revision: number) => value?.("k", revision) && Buffer.from(value("k", revision) ?? []).toString()
        const first = await write(put("k", "1"))
        const second = await write(put("other", "x"), put("k", "2"))
        const end = await write({ kind: "delete", key: "k" })
        const third = await write(put("k", "3"))
        expect([first, second, end, third].map(said)).toEqual(["1", "2", undefined, "3"])
        await storage.compact(second)
        expect(storage.compactedRevision?.()).toBe(second)
        expect([first, second, end, third].map(said)).toEqual([undefined, "2", undefined, "3"])
        await storage.close()
        expect(() => said(third)).toThrow(StoppedError)
      })
    })

    describe("compaction", () => {
      it("forgets the past, and says so to whoever asks for it", async () => {
        await write(put("a", "1"))
        await write(put("a", "2"))
        await write(put("a", "3"))
        await storage.compact(3)
        expect(text(await read("a", 3))).toBe("2")
        await expect(read("a", 2)).rejects.toThrow(CompactedError)
        await expect(storage.compact(3)).rejects.toThrow(CompactedError)
        await expect(storage.compact(5)).rejects.toThrow(FutureRevisionError)
        expect(text(await read("a"))).toBe("3")
      })

      it("keeps what lives, however old, and lets a deleted key be made anew", async () => {
        await write(put("old", "1"), put("gone", "1"))
        await write({ kind: "delete", key: "gone" })
        await write(put("x", "1"))
        await storage.compact(4)
        expect((await storage.range(all)).kvs.map((kv) => kv.key)).toEqual(["old", "x"])
        await write(put("gone", "2"))
        expect(await read("gone")).toMatchObject({ version: 1, createRevision: 5 })
      })
    })

    describe("watch", () => {
      it("tells of each change of its interval, in order, and of nothing else", async () => {
        const seen = watching({ key: "b", end: "c" })
        await write(put("a", "1"))
        await write(put("b", "1"), put("b1", "1"), put("c", "1"))
        await write({ kind: "delete", key: "b1" })
        expect(await seen.events(3)).toMatchObject([
          { kind: "put", kv: { key: "b", modRevision: 3 } },
          { kind: "put", kv: { key: "b1", modRevision: 3 } },
          { kind: "delete", key: "b1", modRevision: 4 },
        ])
        expect(seen.wholeRevisions()).toBe(true)
      })

      it("from a revision tells history first, without a gap to the present", async () => {
        for (let at = 0; at < 50; at++) await write(put("a", String(at)))
        const seen = watching({ key: "a", fromRevision: 10 })
        const later = Promise.all(Array.from({ length: 50 }, (_, at) => write(put("a", String(50 + at)))))
        const events = await seen.events(92)
        await later
        expect(events.map((event) => event.kind === "put" && event.kv.modRevision)).toEqual(
          Array.from({ length: 92 }, (_, at) => 10 + at),
        )
        const values = events.map((event) => Number(event.kind === "put" && text(event.kv)))
        // Those that were written at the same time may come in any order.
        const inOrder = [...values.slice(0, 42), ...values.slice(42).toSorted((a, b) => a - b)]
        expect(inOrder).toEqual(Array.from({ length: 92 }, (_, at) => 8 + at))
      })

      it("from a revision of the future tells nothing before it", async () => {
        const seen = watching({ key: "a", fromRevision: 4 })
        for (const value of ["2", "3", "4", "5"]) await write(put("a", value))
        expect((await seen.events(2)).map((event) => event.kind === "put" && text(event.kv))).toEqual(["4", "5"])
      })

      it("tells what was there before, when asked", async () => {
        await write(put("a", "1"))
        await write(put("a", "2"))
        const past = watching({ key: "a", fromRevision: 3, previous: true })
        const present = watching({ key: "a", previous: true })
        await write({ kind: "delete", key: "a" })
        await write(put("a", "3"))
        const before = (event: StoreEvent): string | undefined => text(event.previous)
        expect((await past.events(3)).map(before)).toEqual(["1", "2", undefined])
        expect((await present.events(2)).map(before)).toEqual(["2", undefined])
      })

      it("ends when the history it wants is compacted", async () => {
        for (const value of ["2", "3", "4"]) await write(put("a", value))
        await storage.compact(4)
        expect(await watching({ key: "a", fromRevision: 3 }).end).toBeInstanceOf(CompactedError)
      })

      it("from just the compacted revision still tells all that happened from there on", async ({ skip }) => {
        skip(forgetsDeletions)
        await write(put("a", "2"))
        await write({ kind: "delete", key: "a" })
        await write(put("b", "4"))
        await storage.compact(3)
        const seen = watching({ key: "a", end: noEnd, fromRevision: 3 })
        expect(await seen.events(2)).toMatchObject([{ kind: "delete", key: "a" }, { kind: "put" }])
      })

      it("says nothing more once it is closed", async () => {
        const seen = watching({ key: "a" })
        const other = watching({ key: "a" })
        await write(put("a", "1"))
        await seen.events(1)
        seen.watch.close()
        await write(put("a", "2"))
        await other.events(2)
        expect(seen.count()).toBe(1)
      })

      it("may be opened and closed while another is being told", async () => {
        const opened: ReturnType<typeof watching>[] = []
        const first: Watch = storage.watch(
          { key: "a" },
          {
            onBatch: () => {
              first.close()
              opened.push(watching({ key: "a" }))
            },
            onEnd: () => {},
          },
        )
        await write(put("a", "1"))
        await write(put("a", "2"))
        expect(opened.length).toBe(1)
        expect(await opened[0]?.events(1)).toMatchObject([{ kv: { modRevision: 3 } }])
      })

      it("has told of a write before the writer is answered", async () => {
        const seen = watching({ key: "a" })
        await write(put("a", "1"))
        expect(seen.count()).toBe(1)
      })
    })

    describe("leases", () => {
      const exists = async (key: string): Promise<boolean> => (await read(key)) !== undefined

      it("take their keys with them when their time is over, not earlier", async () => {
        const { id, ttlSeconds } = await storage.grantLease(lease.seconds)
        expect(ttlSeconds).toBe(lease.seconds)
        await write(put("mortal", "x", id), put("immortal", "x"))
        const seen = watching({ key: "mortal" })
        const lifeMs = lease.seconds * 1000
        await clock.advance(lifeMs * lease.share)
        expect(await exists("mortal")).toBe(true)
        await clock.advance(lifeMs * (1 - lease.share) + 1)
        expect(await seen.events(1)).toMatchObject([{ kind: "delete", key: "mortal" }])
        expect(await exists("immortal")).toBe(true)
        await expect(storage.keepLeaseAlive(id)).rejects.toThrow(LeaseNotFoundError)
      })

      it("live on for as long as they are kept alive", async () => {
        const { id } = await storage.grantLease(lease.seconds)
        await write(put("a", "x", id))
        const seen = watching({ key: "a" })
        for (let at = 0; at < 3; at++) {
          await clock.advance(lease.seconds * 1000 * lease.share)
          expect(await storage.keepLeaseAlive(id)).toEqual({ ttlSeconds: lease.seconds })
        }
        expect(await exists("a")).toBe(true)
        await clock.advance(lease.seconds * 1000 + 1)
        await seen.events(1)
      })

      it("delete all their keys in one revision when revoked", async () => {
        const { id } = await storage.grantLease(1000)
        await write(put("b", "x", id), put("a", "x", id))
        const seen = watching({ key: "a", end: "c" })
        await storage.revokeLease(id)
        expect(await seen.events(2)).toMatchObject([
          { kind: "delete", key: "a", modRevision: 3 },
          { kind: "delete", key: "b", modRevision: 3 },
        ])
        await expect(storage.revokeLease(id)).rejects.toThrow(LeaseNotFoundError)
      })

      it("let go of a key that is put again without them", async () => {
        const { id } = await storage.grantLease(1000)
        await write(put("a", "x", id))
        expect(await read("a")).toMatchObject({ lease: id })
        await write(put("a", "x"))
        await storage.revokeLease(id)
        expect(await exists("a")).toBe(true)
      })

      it("may be given an id, once", async () => {
        expect(await storage.grantLease(5, 7)).toEqual({ id: 7, ttlSeconds: 5 })
        await expect(storage.grantLease(5, 7)).rejects.toThrow(LeaseExistsError)
        await expect(storage.grantLease(0)).rejects.toThrow(InvalidRequestError)
      })
    })

    it("once closed, ends watches and refuses writes and reads", async () => {
      await write(put("a", "1"))
      const seen = watching({ key: "a" })
      await storage.close()
      expect(await seen.end).toBeInstanceOf(StoppedError)
      expect(await watching({ key: "a", fromRevision: 1 }).end).toBeInstanceOf(StoppedError)
      await expect(write(put("a", "1"))).rejects.toThrow(StoppedError)
      await expect(storage.range({ key: "a" })).rejects.toThrow(StoppedError)
      await expect(storage.range({ key: "a", serializable: true })).rejects.toThrow(StoppedError)
      await storage.close()
    })

    /** A watch that remembers. */
    function watching(request: WatchRequest) {
      const batches: { revision: number; events: readonly StoreEvent[] }[] = []
      const waiting = new Set<() => void>()
      let ended: (error: Error) => void = () => {}
      const end = new Promise<Error>((resolve) => {
        ended = resolve
      })
      const watch = storage.watch(request, {
        onBatch: (batch) => {
          batches.push(batch)
          for (const check of waiting) check()
        },
        onEnd: (error) => ended(error),
      })
      const events = (): StoreEvent[] => batches.flatMap((batch) => batch.events)
      return {
        watch,
        end,
        count: () => events().length,
        /** The first `count` events, as soon as there are so many. */
        events: (count: number) =>
          new Promise<StoreEvent[]>((resolve) => {
            const check = (): void => {
              if (events().length < count) return
              waiting.delete(check)
              resolve(events())
            }
            waiting.add(check)
            check()
          }),
        /** No revision's events are spread over two batches, and revisions rise. */
        wholeRevisions: () => {
          const of = (event: StoreEvent): number => (event.kind === "put" ? event.kv.modRevision : event.modRevision)
          return batches.every(({ revision, events: told }, at) => {
            const before = batches[at - 1]?.revision ?? 0
            return told.every((event) => of(event) > before && of(event) <= revision)
          })
        },
      }
    }
  })
}
