import { readdir } from "node:fs/promises"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Storage } from "#store"
import { madeAhead } from "../testing/made-ahead.ts"
import { LoopbackCluster } from "./testing/cluster.ts"

const megabyte = 1024 * 1024
const put = (storage: Storage, key: string, value = "1") =>
  storage.txn({ compare: [], success: [{ kind: "put", key, value: Buffer.from(value) }], failure: [] })
const get = async (storage: Storage, key: string): Promise<string | undefined> => {
  const { kvs } = await storage.range({ key })
  return kvs[0] && Buffer.from(kvs[0].value).toString()
}

const found = madeAhead(1, () => LoopbackCluster.found(3))

describe("three members over TLS", () => {
  let cluster: LoopbackCluster
  beforeEach(async () => {
    cluster = await found()
  })
  afterEach(() => cluster[Symbol.asyncDispose]())

  it("go on without their leader, which catches up when it is back", async () => {
    const leader = await cluster.leader()
    const [other = 0] = [...cluster.nodes.keys()].filter((id) => id !== leader)
    await put(cluster.node(other).storage, "a")
    await cluster.stop(leader)
    await expect.poll(() => put(cluster.node(other).storage, "b").then(() => "written")).toBe("written")
    const { storage } = await cluster.start(leader)
    expect(await get(storage, "b")).toBe("1")
  })

  it("give up a leader that nobody reaches, though it reaches all of them; it serves no stale read", async () => {
    const leader = await cluster.leader()
    const others = [...cluster.nodes.keys()].filter((id) => id !== leader)
    const [other = 0] = others
    await put(cluster.node(other).storage, "a", "old")
    cluster.proxy(leader).silence()
    await expect.poll(() => put(cluster.node(other).storage, "a", "new").then(() => "written")).toBe("written")
    expect(await get(cluster.node(leader).storage, "a").catch((error: Error) => error)).not.toBe("old")
    cluster.proxy(leader).mend()
    await expect.poll(() => get(cluster.node(leader).storage, "a")).toBe("new")
  })

  it("take in a fourth that begins with nothing, which is sent what the log no longer has", async () => {
    const leader = await cluster.leader()
    const { storage } = cluster.node(leader)
    // More than a member keeps of its log.
    const value = "x".repeat(megabyte)
    for (let at = 0; at < 24; at++) await put(storage, `k${at}`, value)
    await cluster.join(4)
    const added = await storage.cluster.addMember({ peerUrls: [cluster.urlOf(4)] })
    expect(added.id).toBe(4)
    const fourth = await cluster.start(4)
    const itself = () => fourth.storage.cluster.members().find(({ id }) => id === 4)
    await expect.poll(itself).toMatchObject({ learner: false })
    // A state that has come whole is named after where in the log it is.
    expect((await readdir(cluster.directoryOf(4))).filter((name) => /^state-\d+$/.test(name))).toHaveLength(1)
    expect(await get(fourth.storage, "k0")).toBe(value)
    expect(await get(fourth.storage, "k23")).toBe(value)
  })

  it("hand over their leadership without losing a write", async () => {
    const leader = await cluster.leader()
    const to = (leader % 3) + 1
    const { storage } = cluster.node((to % 3) + 1)
    const writes = Array.from({ length: 50 }, (_, at) =>
      put(storage, `k${at}`).then(
        () => true,
        () => false,
      ),
    )
    await cluster.node(leader).storage.cluster.transferLeadership(to)
    expect(await cluster.leader()).toBe(to)
    const done = await Promise.all(writes)
    const { count } = await storage.range({ key: "k", end: "l" })
    expect(count).toBeGreaterThanOrEqual(done.filter(Boolean).length)
  })
})
