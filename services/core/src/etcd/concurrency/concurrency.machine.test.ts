import { once } from "node:events"
import { describe, expect, it } from "vitest"
import {
  campaignRequest,
  campaignResponse,
  deleteRequest,
  deleteResponse,
  grantRequest,
  grantResponse,
  headerResponse,
  leaderRequest,
  leaderResponse,
  lockRequest,
  lockResponse,
  proclaimRequest,
  rangeRequest,
  rangeResponse,
  resignRequest,
  unlockRequest,
} from "#etcd-wire"
import { GrpcClient } from "../testing/grpc-client.ts"
import { startOurs, startTheirs } from "../testing/start-pair.ts"

const etcd = process.env.ETCD_BINARIES ? `${process.env.ETCD_BINARIES}/etcd` : "/usr/bin/etcd"
const both = [
  ["ours", startOurs],
  ["etcd itself", () => startTheirs(etcd)],
] as const

const refusal = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "not refused",
    ({ code, details }) => ({ code, details }),
  )

/** Calls of the two services by one client, with leases 1, 2 and 3 granted. */
async function open(endpoint: string) {
  const client = new GrpcClient(endpoint)
  const election = "/v3electionpb.Election"
  for (const id of [1, 2, 3]) {
    await client.call("/etcdserverpb.Lease/LeaseGrant", grantRequest, grantResponse, { id, ttl: 600 })
  }
  const range = (key: string) =>
    client.call("/etcdserverpb.KV/Range", rangeRequest, rangeResponse, { key, rangeEnd: "~" })
  return {
    client,
    lock: (lease: number) => client.call("/v3lockpb.Lock/Lock", lockRequest, lockResponse, { name: "l", lease }),
    unlock: (key: string) => client.call("/v3lockpb.Lock/Unlock", unlockRequest, headerResponse, { key }),
    campaign: (lease: number, value: string) =>
      client.call(`${election}/Campaign`, campaignRequest, campaignResponse, {
        name: "e",
        lease,
        value: Buffer.from(value),
      }),
    leader: () => client.call(`${election}/Leader`, leaderRequest, leaderResponse, { name: "e" }),
    proclaim: (given: Parameters<typeof proclaimRequest.encode>[0]) =>
      client.call(`${election}/Proclaim`, proclaimRequest, headerResponse, given),
    resign: (leader: Parameters<typeof proclaimRequest.encode>[0]["leader"]) =>
      client.call(`${election}/Resign`, resignRequest, headerResponse, { leader }),
    observe: () => client.stream(`${election}/Observe`, leaderRequest, leaderResponse, { name: "e" }),
    remove: (key: string) => client.call("/etcdserverpb.KV/DeleteRange", deleteRequest, deleteResponse, { key }),
    keys: async () => (await range("\0")).kvs.map(({ key }) => key),
    /** Resolves when so many keys are there: that somebody waits shows in nothing else. */
    until: async (count: number) => {
      for (let look = 0; look < 1_000; look++) if ((await range("\0")).count === count) return
      throw new Error(`there are never ${count} keys`)
    },
  }
}

describe.each(both)("locks and elections of %s", (_, start) => {
  it("a lock goes from one to the next in the order of asking, and who leaves the line loses the place", async () => {
    await using peer = await start()
    const { client, lock, unlock, keys, until } = await open(peer.endpoint)
    using _client = client
    const first = await lock(1)
    expect(first).toMatchObject({ key: "l/1", header: { revision: 2 } })
    expect(await lock(1)).toMatchObject({ key: "l/1" })
    const second = lock(2)
    await until(2)
    const third = lock(3)
    await until(3)
    second.leave()
    expect(await refusal(second)).toMatchObject({ code: 1 })
    await until(2)
    await unlock("l/1")
    expect(await third).toMatchObject({ key: "l/3" })
    expect(await keys()).toEqual(["l/3"])
    expect(await refusal(lock(77))).toMatchObject({ details: expect.stringContaining("requested lease not found") })
  })

  it("a lock without a lease gets one of its own", async () => {
    await using peer = await start()
    const { client, lock } = await open(peer.endpoint)
    using _client = client
    expect((await lock(0)).key).toMatch(/^l\/[0-9a-f]+$/)
  })

  it("a leader is who asked first; it proclaims, resigns, and who has no leadership cannot", async () => {
    await using peer = await start()
    const { client, campaign, leader, proclaim, resign, until, remove } = await open(peer.endpoint)
    using _client = client
    expect(await refusal(leader())).toEqual({ code: 2, details: "election: no leader" })
    const first = await campaign(1, "one")
    expect(first).toMatchObject({ leader: { name: "e", key: "e/1", revision: 2, lease: 1 }, header: { revision: 2 } })
    const waiting = campaign(2, "two")
    await until(2)
    await proclaim({ leader: first.leader, value: Buffer.from("uno") })
    expect(String((await leader()).kv?.value)).toBe("uno")
    await resign(first.leader)
    const second = await waiting
    expect(second.leader).toMatchObject({ key: "e/2", revision: 3 })
    expect(String((await leader()).kv?.value)).toBe("two")
    expect(await refusal(proclaim({ leader: first.leader, value: Buffer.from("x") }))).toEqual({
      code: 2,
      details: "election: not leader",
    })
    expect(await campaign(2, "deux")).toMatchObject({ leader: { revision: 3 } })
    expect(String((await leader()).kv?.value)).toBe("deux")
    await remove("e/2")
    expect(await refusal(leader())).toMatchObject({ details: "election: no leader" })
  })

  it("who observes is told of the leader there is and of each that follows", async () => {
    await using peer = await start()
    const { client, campaign, proclaim, resign, observe, until } = await open(peer.endpoint)
    using _client = client
    const { leader } = await campaign(1, "one")
    const stream = observe()
    const next = async (): Promise<string> => String((await once(stream, "data"))[0].kv?.value)
    expect(await next()).toBe("one")
    const proclaimed = next()
    await proclaim({ leader, value: Buffer.from("uno") })
    expect(await proclaimed).toBe("uno")
    const waiting = campaign(2, "two")
    await until(2)
    const followed = next()
    await resign(leader)
    expect(await followed).toBe("two")
    await waiting
    stream.on("error", () => {}).cancel()
  })
})
