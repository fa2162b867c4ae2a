import { SimulatedClock, seededRandom } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { describe, expect, it } from "vitest"
import { type WatchAnswer, type WatchCreate, watchFilter, watchResponse } from "#etcd-wire"
import { createMemoryStorage, type MemberStorage } from "#store"
import { Alarms } from "../alarms.ts"
import { fragmentSizeMax, progressIntervalMs } from "../limits.ts"
import { headerOf, type Outgoing, type Parts } from "../service.ts"
import { batchEncoder } from "./stream-watch.ts"
import { WatchStream } from "./watch-stream.ts"

/** A client that reads only when it is told to, and keeps what it is sent. */
class Client implements Outgoing {
  readonly answers: WatchAnswer[] = []
  reads = true
  error: unknown

  send(answer: object): boolean {
    this.answers.push(answer as WatchAnswer)
    return this.reads
  }

  sendEncoded(pieces: readonly Buffer[]): boolean {
    return this.send(watchResponse.decode(Buffer.concat(pieces)))
  }

  end(error?: unknown): void {
    this.error = error
  }

  /** Revisions of events that it was told of. */
  get revisions(): (number | undefined)[] {
    return this.answers.flatMap(({ events = [] }) => events.map(({ kv }) => kv?.modRevision))
  }
}

function start() {
  const clock = new SimulatedClock()
  const storage = createMemoryStorage({ clock })
  const parts: Parts = {
    storage,
    identity: { clusterId: 1, memberId: 2, idOf: (member) => member + 1, memberOf: (id) => id - 1 },
    authorize: () => {},
    alarms: new Alarms(storage),
    clock,
    random: seededRandom(1),
    log: silentLog,
    clientUrls: () => [],
  }
  const client = new Client()
  const encode = batchEncoder((revision) => headerOf(parts, revision))
  const stream = new WatchStream(parts, encode, client, { token: undefined, commonName: undefined })
  const create = (given: Partial<WatchCreate>): void => {
    const defaults = { key: "a", rangeEnd: "", startRevision: 0, progressNotify: false, filters: [] }
    const rest = { previous: false, watchId: 0, fragment: false }
    stream.received({ create: { ...defaults, ...rest, ...given }, cancel: undefined, progress: undefined })
  }
  const progress = (): void => stream.received({ create: undefined, cancel: undefined, progress: {} })
  const cancel = (watchId: number): void =>
    stream.received({ create: undefined, cancel: { watchId }, progress: undefined })
  return { clock, storage, client, stream, create, cancel, progress }
}

const put = (storage: MemberStorage, key: string, value = Buffer.from("1")) =>
  storage.txn({ compare: [], success: [{ kind: "put", key, value }], failure: [] })
const remove = (storage: MemberStorage, key: string) =>
  storage.txn({ compare: [], success: [{ kind: "delete", key }], failure: [] })
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe("a stream of watches", () => {
  it("tells of each write once and in order, and of none after it is canceled", async () => {
    const { storage, client, create, cancel } = start()
    await put(storage, "a")
    create({ startRevision: 1 })
    create({ key: "b", watchId: 7 })
    await turn()
    await put(storage, "a")
    await put(storage, "b")
    cancel(0)
    await put(storage, "a")
    const told = client.answers.map(({ watchId, created, canceled, events }) => [
      watchId,
      created || canceled || undefined,
      events?.length,
    ])
    expect(told).toEqual([
      [0, true, undefined],
      [7, true, undefined],
      [0, undefined, 1],
      [0, undefined, 1],
      [7, undefined, 1],
      [0, true, undefined],
    ])
    expect(client.revisions).toEqual([2, 3, 4])
  })

  it("keeps nothing for a client that does not read, and goes on where it was when it reads again", async () => {
    const { storage, client, stream, create } = start()
    create({})
    client.reads = false
    for (let at = 0; at < 500; at++) await put(storage, "a")
    const sentWhileSlow = client.revisions.length
    client.reads = true
    stream.drained()
    await turn()
    expect(sentWhileSlow).toBe(1)
    expect(client.revisions).toEqual(Array.from({ length: 500 }, (_, at) => at + 2))
  })

  it("is told that its place is compacted when it was away for too long", async () => {
    const { storage, client, stream, create } = start()
    create({})
    client.reads = false
    for (let at = 0; at < 3; at++) await put(storage, "a")
    await storage.compact(4)
    client.reads = true
    stream.drained()
    await turn()
    expect(client.answers.at(-1)).toMatchObject({ watchId: 0, canceled: true, compactRevision: 4 })
    expect(client.revisions).toEqual([2])
  })

  it("is not told so when nothing that concerns it was forgotten", async () => {
    const { storage, client, stream, create } = start()
    create({})
    create({ key: "other", watchId: 3 })
    for (let at = 0; at < 3; at++) await put(storage, "b")
    client.reads = false
    await put(storage, "other")
    await put(storage, "a")
    await storage.compact(5)
    client.reads = true
    stream.drained()
    await turn()
    expect(client.revisions).toEqual([5, 6])
  })

  it("leaves out what the client filters, and gives what was there before if it asks", async () => {
    const { storage, client, create } = start()
    create({ filters: [watchFilter.noPut], previous: true })
    create({ filters: [watchFilter.noDelete], watchId: 5 })
    await put(storage, "a", Buffer.from("old"))
    await remove(storage, "a")
    const events = client.answers.flatMap(({ watchId, events: own = [] }) =>
      own.map((event) => ({ watchId, ...event })),
    )
    expect(events).toMatchObject([
      { watchId: 5, type: 0, kv: { key: "a" } },
      { watchId: 0, type: 1, kv: { key: "a", modRevision: 3 }, previous: { value: Buffer.from("old") } },
    ])
  })

  it("cuts answers that are too large into fragments, for those who asked for them", async () => {
    const { storage, client, create } = start()
    const large = Buffer.alloc(fragmentSizeMax / 2)
    for (let at = 0; at < 5; at++) await put(storage, "a", large)
    create({ startRevision: 2, fragment: true })
    create({ startRevision: 2, watchId: 9 })
    await turn()
    const parts = client.answers.filter(({ events }) => events !== undefined)
    const shapes = parts.map(({ watchId, fragment, events }) => [watchId, fragment, events?.length])
    expect(shapes.filter(([id]) => id === 0)).toEqual([0, 1, 2, 3, 4].map((at) => [0, at < 4, 1]))
    expect(shapes.filter(([id]) => id === 9)).toEqual([[9, false, 5]])
  })

  it("says how far it is only when every watch has been told everything", async () => {
    const { clock, storage, client, create, progress } = start()
    await put(storage, "a")
    create({ startRevision: 1 })
    progress()
    expect(client.answers.at(-1)).toMatchObject({ created: true })
    await turn()
    await clock.advance(200)
    expect(client.answers.slice(1)).toMatchObject([{ events: [{}] }, { watchId: -1, header: { revision: 2 } }])
  })

  it("says from time to time that nothing happens, to those who want to hear it", async () => {
    const { clock, storage, client, create, stream } = start()
    create({ progressNotify: true })
    create({ key: "b", watchId: 4 })
    await put(storage, "c")
    await clock.advance(progressIntervalMs)
    expect(client.answers.slice(2)).toMatchObject([{ watchId: 0, header: { revision: 2 } }])
    await put(storage, "a")
    await clock.advance(progressIntervalMs)
    expect(client.answers.length).toBe(4)
    stream.closed()
    await clock.advance(progressIntervalMs)
    expect(client.answers.length).toBe(4)
  })

  it("refuses an interval that is empty and an id that is taken", () => {
    const { client, create } = start()
    create({ key: "b", rangeEnd: "a" })
    create({ watchId: 3 })
    create({ watchId: 3 })
    expect(client.answers).toMatchObject([
      { watchId: -1, canceled: true, cancelReason: "mvcc: watcher range is empty" },
      { watchId: 3, created: true },
      { watchId: -1, canceled: true, cancelReason: "mvcc: duplicate watch ID provided on the WatchStream" },
    ])
  })
})
