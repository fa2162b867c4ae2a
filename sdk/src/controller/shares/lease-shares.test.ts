import { startTestApi } from "@wick/core/testing"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { Lease } from "../../api/coordination/lease.ts"
import { Namespace } from "../../api/core/namespace.ts"
import { type Client, createClient } from "../../client/index.ts"
import { seededRandom, systemClock } from "../../clock/index.ts"
import { silentLog } from "../../telemetry/log.ts"
import { createInformers, type LeaseDurations } from "../index.ts"
import { bucketNames, chosenFor } from "./bucket.ts"
import { LeaseShares } from "./lease-shares.ts"

const keys = Array.from({ length: 300 }, (_, at) => `shop/revision-${at}`)
const brief = { leaseSeconds: 1, renewDeadlineMs: 700, retryMs: 150 }
/** Far longer than a test. */
const lasting = { leaseSeconds: 600, renewDeadlineMs: 500_000, retryMs: 150 }

describe("revisions", () => {
  it("are divided into buckets of nearly the same size, named as Knative's", () => {
    const names = bucketNames("autoscaler", 4)
    expect(names[3]).toBe("autoscaler-bucket-03-of-04")
    const sizes = names.map((name) => keys.filter((key) => chosenFor(key, names) === name).length)
    for (const size of sizes) expect(size).toBeGreaterThan(45)
  })

  it("move only from the one that goes, and only to the one that comes", () => {
    const all = ["a", "b", "c"]
    for (const key of keys) {
      const before = chosenFor(key, all)
      if (before !== "b") expect(chosenFor(key, ["a", "c"])).toBe(before)
      expect([before, "d"]).toContain(chosenFor(key, [...all, "d"]))
    }
    expect(chosenFor("k", [])).toBeUndefined()
  })
})

/** An autoscaler's process, which can be cut off from the API as by its death. */
interface Process {
  readonly identity: string
  readonly shares: LeaseShares
  die(): void
}

describe("autoscalers that share", () => {
  const undo = new AsyncDisposableStack()
  const processes: Process[] = []
  /** Moments at which a key had two owners. */
  const doubled: string[] = []
  let client: Client
  let apiFetch: (request: Request) => Promise<Response>

  beforeAll(async () => {
    const api = undo.use(await startTestApi())
    client = api.client
    apiFetch = api.server.fetchAs({ name: "admin", groups: ["system:masters"] })
    for (const name of ["first", "second"]) await client.create(Namespace, { metadata: { name } })
  })
  beforeEach(() => {
    processes.length = 0
  })
  afterAll(() => undo.disposeAsync())

  async function start(identity: string, namespace: string, durations: LeaseDurations): Promise<Process> {
    let isDead = false
    const fetch = async (request: Request): Promise<Response> => {
      if (isDead) throw new TypeError("fetch failed")
      return apiFetch(request)
    }
    const own = createClient({ fetch })
    const informers = undo.use(createInformers(own, systemClock, silentLog))
    const leases = informers(Lease, { namespace })
    await leases.synced
    const given = { client: own, clock: systemClock, random: seededRandom(1), log: silentLog, namespace }
    const shares = undo.use(
      new LeaseShares({ ...given, component: "autoscaler", identity, leases, buckets: 8, durations }),
    )
    const die = (): void => {
      isDead = true
    }
    const process = { identity, shares, die }
    processes.push(process)
    shares.onChange(look)
    return process
  }

  function look(): void {
    for (const key of keys) {
      const owners = ownersOf(key)
      if (owners.length > 1) doubled.push(`${key}: ${owners.join(" and ")}`)
    }
  }

  function ownersOf(key: string): string[] {
    return processes.filter(({ shares }) => shares.owns(key)).map(({ identity }) => identity)
  }

  /** Who owns what, once every revision is with the one of the living to whom it falls. */
  async function settled(...living: string[]): Promise<Map<string, string>> {
    const buckets = bucketNames("autoscaler", 8)
    const wanted = new Map(keys.map((key) => [key, chosenFor(chosenFor(key, buckets) ?? "", living) ?? ""] as const))
    const astray = (): string[] => keys.filter((key) => ownersOf(key).join() !== wanted.get(key))
    await expect.poll(astray).toEqual([])
    return wanted
  }

  it("have one owner for each revision; a dead one's share moves and nothing else, and so when one comes", async () => {
    const begin = (identity: string) => start(identity, "first", brief)
    const [, b] = await Promise.all([begin("a"), begin("b"), begin("c")])
    const before = await settled("a", "b", "c")
    expect(new Set(before.values()).size).toBe(3)
    b.die()
    const after = await settled("a", "c")
    for (const [key, owner] of before) if (owner !== "b") expect(after.get(key)).toBe(owner)
    const members = async () =>
      (await client.list(Lease, { namespace: "first" })).items.map(({ metadata }) => metadata.name)
    await expect.poll(members).not.toContain("autoscaler-member-b")
    await begin("d")
    const joined = await settled("a", "c", "d")
    for (const [key, owner] of joined) expect([after.get(key), "d"]).toContain(owner)
    expect(doubled).toEqual([])
  })

  it("hand over at once when one goes in order", async () => {
    const begin = (identity: string) => start(identity, "second", lasting)
    const [a] = await Promise.all([begin("a"), begin("b"), begin("c")])
    await settled("a", "b", "c")
    await a.shares[Symbol.asyncDispose]()
    // Nobody can wait here for its lease to run out.
    await settled("b", "c")
    expect(doubled).toEqual([])
  })
})
