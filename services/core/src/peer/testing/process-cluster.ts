import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { must } from "@wick/sdk/assert"
import { systemClock } from "@wick/sdk/clock"
import { freePort } from "@wick/sdk/testing/free-ports"
import { emptyRequest, memberAddRequest, memberListRequest, membersResponse, statusResponse } from "#etcd-wire"
import type { MemberId } from "#raft"
import { memberName } from "../index.ts"
import type { NodeOptions } from "./cluster-node.ts"
import { EtcdCaller } from "./etcd-caller.ts"
import { Authority } from "./member.ts"

/** Members, each a process, that answer etcd's clients without TLS and each other with it. */
export class ProcessCluster implements AsyncDisposable {
  readonly ids: MemberId[] = []
  readonly #authority: Authority
  readonly #root: string
  readonly #options = new Map<MemberId, NodeOptions>()
  readonly #children = new Map<MemberId, ChildProcess>()

  private constructor(authority: Authority, root: string) {
    this.#authority = authority
    this.#root = root
  }

  static async found(size: number): Promise<ProcessCluster> {
    const cluster = new ProcessCluster(await Authority.make(), await mkdtemp(join(tmpdir(), "wick-cluster-")))
    const founders = Array.from({ length: size }, (_, at) => at + 1)
    for (const id of founders) await cluster.#prepare(id, founders)
    await Promise.all(founders.map((id) => cluster.start(id)))
    return cluster
  }

  clientUrl(id: MemberId): string {
    return `http://127.0.0.1:${this.#of(id).clientPort}`
  }

  peerUrl(id: MemberId): string {
    return `https://127.0.0.1:${this.#of(id).peerPort}`
  }

  get clientUrls(): readonly string[] {
    return this.ids.map((id) => this.clientUrl(id))
  }

  pid(id: MemberId): number {
    return must(this.#children.get(id)?.pid, "the member is up")
  }

  async join(id: MemberId): Promise<void> {
    await this.#prepare(id, [])
  }

  /** Asks the leader to take the member in, with a vote once it has caught up. */
  async add(id: MemberId, leader: MemberId): Promise<void> {
    await using at = this.#caller(leader)
    await at.call("Cluster/MemberAdd", memberAddRequest.encode({ peerUrls: [this.peerUrl(id)], isLearner: false }))
  }

  /** Resolves when the leader has given it its vote, and it has applied what the leader had applied then. */
  async caughtUp(id: MemberId, leader: MemberId): Promise<void> {
    await using at = this.#caller(leader)
    await using own = this.#caller(id)
    for (;;) {
      const { members } = membersResponse.decode(await at.call("Cluster/MemberList", memberListRequest.encode({})))
      if (members.every(({ isLearner }) => !isLearner)) break
      await systemClock.sleep(50)
    }
    const { raftAppliedIndex: wanted } = await statusOf(at)
    while ((await statusOf(own)).raftAppliedIndex < wanted) await systemClock.sleep(50)
  }

  #caller(id: MemberId): EtcdCaller {
    return new EtcdCaller(this.clientUrl(id))
  }

  async start(id: MemberId): Promise<void> {
    const peers = this.ids.map((other) => [other, this.peerUrl(other)] as const)
    const child = fork(fileURLToPath(import.meta.resolve("./node-process.ts")), {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    })
    this.#children.set(id, child)
    child.send({ ...this.#of(id), peers })
    const ended = once(child, "exit").then(() => Promise.reject(new Error(`member ${id} ended while it was started`)))
    ended.catch(() => undefined) // later it may
    await Promise.race([once(child, "message"), ended])
  }

  signal(id: MemberId, signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    process.kill(this.pid(id), signal)
  }

  async kill(id: MemberId): Promise<void> {
    const child = must(this.#children.get(id), "the member is up")
    this.#children.delete(id)
    const ended = once(child, "exit")
    child.kill("SIGKILL")
    await ended
  }

  /** The member that all of these say leads. */
  async leader(among: readonly MemberId[] = this.ids): Promise<MemberId> {
    const callers = among.map((id) => new EtcdCaller(this.clientUrl(id)))
    try {
      for (let attempt = 0; attempt < 400; attempt++) {
        const leaders = await Promise.all(callers.map((caller) => leaderOf(caller).catch(() => -1)))
        const own = leaders.indexOf(0)
        if (own >= 0 && leaders.filter((leader) => leader === 0).length === 1 && !leaders.includes(-1)) {
          return must(among[own], "it is one of them")
        }
        await systemClock.sleep(25)
      }
    } finally {
      for (const caller of callers) caller.close()
    }
    throw new Error("no leader was elected")
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#children.keys()].map((id) => this.kill(id)))
    await rm(this.#root, { recursive: true, force: true })
    await this.#authority[Symbol.asyncDispose]()
  }

  #of(id: MemberId): NodeOptions & { readonly clientPort: number } {
    return must(this.#options.get(id), "the member is known") as NodeOptions & { readonly clientPort: number }
  }

  async #prepare(id: MemberId, founders: readonly MemberId[]): Promise<void> {
    const [peerPort, clientPort] = [await freePort(), await freePort()]
    const tls = await this.#authority.credential(memberName(id))
    const directory = join(this.#root, String(id))
    this.#options.set(id, { id, directory, tls, peerPort, clientPort, peers: [], founders })
    this.ids.push(id)
  }
}

async function statusOf(caller: EtcdCaller) {
  return statusResponse.decode(await caller.call("Maintenance/Status", emptyRequest.encode({})))
}

/** 0: the member itself leads; 1: another does; -1: nobody. */
async function leaderOf(caller: EtcdCaller): Promise<number> {
  const { header, leader } = await statusOf(caller)
  if (leader === 0) return -1
  return leader === header?.memberId ? 0 : 1
}
