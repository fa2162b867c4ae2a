import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterEach, beforeEach, expect, it } from "vitest"
import {
  emptyRequest,
  memberAddRequest,
  memberAddResponse,
  memberIdRequest,
  memberListRequest,
  membersResponse,
  memberUpdateRequest,
  moveLeaderRequest,
  statusResponse,
} from "#etcd-wire"
import { EtcdCaller } from "../peer/testing/etcd-caller.ts"
import { MemberRig } from "../replication/testing/member-rig.ts"
import { startEtcd } from "./index.ts"

/** Three members whose time is simulated; etcd's API in front of each is real. */
let stack: AsyncDisposableStack
let rig: MemberRig
let leader: number
let callers: Map<number, EtcdCaller>

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), "wick-etcd-members-"))
  stack.defer(() => rm(directory, { recursive: true }))
  rig = await MemberRig.found(3)
  stack.defer(() => rig.dispose())
  leader = await rig.elected()
  callers = new Map()
  for (const id of [leader, ...rig.followers(leader)]) {
    const starting = startEtcd({
      storage: rig.of(id),
      directory,
      host: "127.0.0.1",
      port: 0,
      advertisedHost: `m${id}.test`,
      clock: systemClock,
      random: seededRandom(id),
      log: silentLog,
    })
    const server = stack.use(await timePasses(starting))
    callers.set(id, stack.use(new EtcdCaller(server.url)))
  }
})
afterEach(() => stack.disposeAsync())

/** Members of the rig get on only while their clock does. */
async function timePasses<Value>(promise: Promise<Value>): Promise<Value> {
  let isDone = false
  promise
    .catch(() => undefined)
    .finally(() => {
      isDone = true
    })
  for (let step = 0; step < 2_000 && !isDone; step++) await rig.clock.advance(20)
  return promise
}

const ask = (id: number, method: string, request: Buffer): Promise<Buffer> =>
  timePasses(callers.get(id)?.call(method, request) ?? Promise.reject(new Error("nobody is there")))
const list = async (id: number) =>
  membersResponse.decode(await ask(id, "Cluster/MemberList", memberListRequest.encode({ linearizable: true }))).members
const status = async (id: number) => statusResponse.decode(await ask(id, "Maintenance/Status", emptyRequest.encode({})))

it("every member lists all, each with its name and where it answers etcd's clients, under the same numbers", async () => {
  const listAll = () => Promise.all([1, 2, 3].map(list))
  const names = async () => (await listAll()).map((each) => each.map(({ name }) => name))
  await expect.poll(names).toEqual(new Array(3).fill(["m1", "m2", "m3"]))
  const lists = await listAll()
  expect(lists[1]).toEqual(lists[0])
  expect(lists[2]).toEqual(lists[0])
  expect(lists[0]?.map(({ clientUrls: [url = ""] }) => new URL(url).hostname)).toEqual([
    "m1.test",
    "m2.test",
    "m3.test",
  ])
})

it("a member says who it is and who leads", async () => {
  const statuses = await Promise.all([1, 2, 3].map(status))
  const ids = statuses.map(({ header }) => header?.memberId)
  expect(new Set(ids).size).toBe(3)
  expect(statuses.map(({ leader: led }) => led)).toEqual([ids[leader - 1], ids[leader - 1], ids[leader - 1]])
})

it("leadership moves when the leader is asked, to a member that is there", async () => {
  const ids = await Promise.all([1, 2, 3].map(async (id) => (await status(id)).header?.memberId ?? 0))
  const [other = 0] = rig.followers(leader)
  const move = (id: number, targetId: number) =>
    ask(id, "Maintenance/MoveLeader", moveLeaderRequest.encode({ targetId }))
  await expect(move(other, ids[other - 1] ?? 0)).rejects.toThrow("etcdserver: not leader")
  await expect(move(leader, 123)).rejects.toThrow("etcdserver: bad leader transferee")
  await move(leader, ids[other - 1] ?? 0)
  expect(await rig.elected()).toBe(other)
})

it("members are changed through any of them, and refused in etcd's words", async () => {
  const [follower = 0] = rig.followers(leader)
  const url = "https://127.0.0.1:1"
  const add = (peerUrls: string[]) =>
    ask(follower, "Cluster/MemberAdd", memberAddRequest.encode({ peerUrls, isLearner: true }))
  await expect(add(["nonsense"])).rejects.toThrow("given member URLs are invalid")
  const added = memberAddResponse.decode(await add([url]))
  expect(added.members).toHaveLength(4)
  const listed = await list(follower)
  const learner = listed.find(({ isLearner }) => isLearner)
  expect(learner).toMatchObject({ name: "", peerUrls: [url], clientUrls: [] })
  const id = learner?.id ?? 0
  await expect(add([url])).rejects.toThrow("Peer URLs already exists")
  const promote = (target: number) => ask(follower, "Cluster/MemberPromote", memberIdRequest.encode({ id: target }))
  await expect(promote(id)).rejects.toThrow("in sync with leader")
  await expect(promote(listed[0]?.id ?? 0)).rejects.toThrow("can only promote a learner member")
  const moved = "https://127.0.0.1:2"
  await ask(follower, "Cluster/MemberUpdate", memberUpdateRequest.encode({ id, peerUrls: [moved] }))
  expect((await list(leader)).find((member) => member.id === id)?.peerUrls).toEqual([moved])
  const remove = () => ask(follower, "Cluster/MemberRemove", memberIdRequest.encode({ id }))
  expect(membersResponse.decode(await remove()).members).toHaveLength(3)
  await expect(remove()).rejects.toThrow("etcdserver: member not found")
})
