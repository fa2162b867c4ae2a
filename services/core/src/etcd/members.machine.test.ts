import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { afterEach, beforeEach, expect, it } from "vitest"
import { ProcessCluster } from "../peer/testing/process-cluster.ts"

const run = promisify(execFile)
const binaries = process.env.ETCD_BINARIES
const client = binaries ? `${binaries}/etcdctl` : "/usr/bin/etcdctl"

let cluster: ProcessCluster
beforeEach(async () => {
  cluster = await ProcessCluster.found(3)
})
afterEach(() => cluster[Symbol.asyncDispose]())

interface Status {
  readonly Endpoint: string
  readonly Status: {
    readonly header: { readonly member_id: number }
    readonly leader?: number
    readonly isLearner?: boolean
  }
}
interface Members {
  readonly members: readonly {
    readonly ID: number
    readonly name?: string
    readonly peerURLs?: readonly string[]
    readonly clientURLs?: readonly string[]
    readonly isLearner?: boolean
  }[]
}

/** What etcdctl says when it is given the addresses of all members. */
const all = async (...args: string[]): Promise<string> => {
  const endpoints = cluster.clientUrls.join(",")
  const options = { env: { ...process.env, ETCDCTL_API: "3" }, timeout: 60_000 }
  const { stdout, stderr } = await run(client, ["--endpoints", endpoints, ...args], options)
  return stdout + stderr
}
const statuses = async (): Promise<readonly Status[]> =>
  JSON.parse(await all("endpoint", "status", "--cluster", "-w", "json")) as Status[]
const members = async (): Promise<Members["members"]> =>
  (JSON.parse(await all("member", "list", "-w", "json")) as Members).members
const hex = (id: number): string => id.toString(16)

it("etcdctl finds all members through one, with one leader, and hands leadership to another", async () => {
  await cluster.leader()
  const urls = cluster.clientUrls
  await expect.poll(members).toMatchObject(urls.map((url, at) => ({ name: `m${at + 1}`, clientURLs: [url] })))
  const listed = await members()
  const before = await statuses()
  const leader = before[0]?.Status.leader ?? 0
  expect(before.map(({ Status }) => Status.leader)).toEqual([leader, leader, leader])
  expect(await all("endpoint", "health", "--cluster")).toMatch(/(.* is healthy: .*\n){3}/)
  const next = listed.find(({ ID }) => ID !== leader)?.ID ?? 0
  expect(await all("move-leader", hex(next))).toContain(`Leadership transferred from ${hex(leader)} to ${hex(next)}`)
  await expect.poll(async () => (await statuses()).map(({ Status }) => Status.leader)).toEqual([next, next, next])
})

it("etcdctl adds a learner, promotes it once it has caught up, and removes it", async () => {
  await cluster.leader()
  for (let at = 0; at < 20; at++) await all("put", `k${at}`, "x".repeat(1000))
  await cluster.join(4)
  const peerUrl = cluster.peerUrl(4)
  expect(await all("member", "add", "m4", "--learner", `--peer-urls=${peerUrl}`)).toContain("added to cluster")
  await expect(all("member", "add", "m5", `--peer-urls=${peerUrl}`)).rejects.toThrow("Peer URLs already exists")
  const added = (await members()).find(({ isLearner }) => isLearner)?.ID ?? 0
  await expect(all("member", "promote", hex(added))).rejects.toThrow("in sync with leader")
  await cluster.start(4)
  await expect.poll(() => all("member", "promote", hex(added))).toContain("promoted")
  // A member tells its name by itself, a moment after its addresses.
  const told = async () => (await members()).map(({ name, isLearner }) => [name, isLearner])
  await expect.poll(told).toEqual(["m1", "m2", "m3", "m4"].map((name) => [name, undefined]))
  expect(await all("endpoint", "health", "--cluster")).toMatch(/(.* is healthy: .*\n){4}/)
  expect(await all("member", "remove", hex(added))).toContain("removed from cluster")
  await cluster.kill(4) // who was removed knows of nothing that comes after
  expect(await members()).toHaveLength(3)
  await expect(all("member", "remove", hex(added))).rejects.toThrow("member not found")
})

it("etcdctl goes on reading and writing when the leader is killed", async () => {
  const leader = await cluster.leader()
  await all("put", "a", "1")
  await cluster.kill(leader)
  await expect.poll(() => all("put", "a", "2", "--command-timeout=2s")).toContain("OK")
  expect(await all("get", "a", "--print-value-only")).toContain("2")
})
