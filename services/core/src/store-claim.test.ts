import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { beforeEach, describe, expect, it } from "vitest"
import { createMemoryStorage, NotLeaderError, type Storage } from "#store"
import { awaited } from "./external-store.ts"
import { claimStore } from "./store-claim.ts"

let clock: SimulatedClock
let storage: Storage
beforeEach(() => {
  clock = new SimulatedClock()
  storage = createMemoryStorage({ clock })
})

interface ControlPlane {
  readonly claim: Promise<AsyncDisposable>
  readonly lost: Error[]
}

function start(name: string, on = storage): ControlPlane {
  const lost: Error[] = []
  const onLost = (error: Error): void => void lost.push(error)
  return { claim: claimStore({ storage: on, owner: name, name, clock, log: silentLog, onLost }), lost }
}

/** The same store for one that can be cut off from it. */
function cutOff(): { storage: Storage; away: boolean } {
  const link = { storage, away: false }
  link.storage = new Proxy(storage, {
    get: (target, name: keyof Storage) =>
      name === "keepLeaseAlive" && link.away
        ? () => Promise.reject(new NotLeaderError("away"))
        : (target[name] as () => unknown).bind(target),
  })
  return link
}

describe("a control plane on somebody's etcd", () => {
  it("is refused where another lives, with its name, and let in at once where that was stopped", async () => {
    const one = await start("one").claim
    const two = start("two").claim
    two.catch(() => {})
    await clock.advance(60_000)
    await expect(two).rejects.toThrow('control plane "one" keeps its cluster there since')
    await one[Symbol.asyncDispose]()
    await (await start("two").claim)[Symbol.asyncDispose]()
  })

  it("takes the place of one that was not heard of for fifteen seconds, which then ends", async () => {
    const link = cutOff()
    const one = start("one", link.storage)
    await one.claim
    link.away = true
    const two = start("two")
    await clock.advance(19_000)
    await using _two = await two.claim
    link.away = false
    await clock.advance(5_000)
    expect(one.lost.map(({ message }) => message)).toEqual([
      'control plane "two" has taken over the store from this one',
    ])
    expect(two.lost).toEqual([])
  })

  it("has its own place again at once after a crash, and after etcd has forgotten it", async () => {
    await start("one").claim
    const again = start("one")
    await using _claim = await again.claim
    const { kvs } = await storage.range({ key: "/registry/wick.dev/control-plane" })
    await storage.revokeLease(kvs[0]?.lease ?? 0)
    await clock.advance(5_000)
    expect((await storage.range({ key: "/registry/wick.dev/control-plane" })).kvs).toHaveLength(1)
    expect(again.lost).toEqual([])
  })
})

describe("an etcd that does not answer at a start", () => {
  it("is waited for", async () => {
    let attempts = 0
    const open = async (): Promise<Storage> => {
      if (++attempts < 5) throw new NotLeaderError("no endpoint of etcd answers: refused")
      return storage
    }
    const opened = awaited(open, clock, silentLog)
    await clock.advance(3_000)
    expect(await opened).toBe(storage)
  })

  it("is told of after half a minute, with what each endpoint said", async () => {
    const opened = awaited(() => Promise.reject(new NotLeaderError("http://a:1: refused")), clock, silentLog)
    opened.catch(() => {})
    await clock.advance(31_000)
    await expect(opened).rejects.toThrow("http://a:1: refused; it was waited for 30 s")
  })
})
