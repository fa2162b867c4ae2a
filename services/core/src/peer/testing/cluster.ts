import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { must } from "@wick/sdk/assert"
import { systemClock } from "@wick/sdk/clock"
import type { MemberId } from "#raft"
import { memberName } from "../index.ts"
import { type Node, type NodeOptions, startNode } from "./cluster-node.ts"
import { Authority } from "./member.ts"
import { TcpProxy } from "./tcp-proxy.ts"

/** Members with real disks, clocks and TLS on loopback, each behind a proxy that can harm its path. */
export class LoopbackCluster implements AsyncDisposable {
  readonly nodes = new Map<MemberId, Node>()
  readonly #authority: Authority
  readonly #proxies = new Map<MemberId, TcpProxy>()
  readonly #options = new Map<MemberId, NodeOptions>()
  readonly #root: string

  private constructor(authority: Authority, root: string) {
    this.#authority = authority
    this.#root = root
  }

  /** Resolves when one of them leads. */
  static async found(size: number): Promise<LoopbackCluster> {
    const cluster = new LoopbackCluster(await Authority.make(), await mkdtemp(join(tmpdir(), "wick-cluster-")))
    const founders = Array.from({ length: size }, (_, at) => at + 1)
    for (const id of founders) await cluster.#prepare(id, founders)
    await Promise.all(founders.map((id) => cluster.start(id)))
    await cluster.leader()
    return cluster
  }

  /** Where others reach this member. */
  urlOf(id: MemberId): string {
    return this.proxy(id).url
  }

  directoryOf(id: MemberId): string {
    return must(this.#options.get(id), "the member is known").directory
  }

  proxy(id: MemberId): TcpProxy {
    return must(this.#proxies.get(id), "the member is known")
  }

  node(id: MemberId): Node {
    return must(this.nodes.get(id), "the member is up")
  }

  async start(id: MemberId): Promise<Node> {
    const peers = [...this.#proxies].map(([other, { url }]) => [other, url] as const)
    const node = await startNode({ ...must(this.#options.get(id), "the member is known"), peers })
    this.proxy(id).target = node.peerUrl
    this.nodes.set(id, node)
    return node
  }

  async stop(id: MemberId): Promise<void> {
    const node = this.node(id)
    this.nodes.delete(id)
    await node[Symbol.asyncDispose]()
  }

  /** Makes what a member that is to join needs; `start` starts it. */
  async join(id: MemberId): Promise<void> {
    await this.#prepare(id, [])
  }

  /** The member that all that are up and among these agree on as their leader. */
  async leader(among?: readonly MemberId[]): Promise<MemberId> {
    for (let attempt = 0; attempt < 400; attempt++) {
      const asked = among ?? [...this.nodes.keys()]
      const leaders = new Set(asked.map((id) => this.nodes.get(id)?.storage.cluster.leader()))
      const [leader] = leaders
      if (leaders.size === 1 && leader !== undefined && asked.includes(leader)) return leader
      await systemClock.sleep(25)
    }
    throw new Error("no leader was elected")
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.nodes.keys()].map((id) => this.stop(id)))
    for (const proxy of this.#proxies.values()) await proxy[Symbol.asyncDispose]()
    await rm(this.#root, { recursive: true, force: true })
    await this.#authority[Symbol.asyncDispose]()
  }

  async #prepare(id: MemberId, founders: readonly MemberId[]): Promise<void> {
    // Nothing listens there: its place is known once it is started.
    const proxy = await TcpProxy.to("https://127.0.0.1:1")
    this.#proxies.set(id, proxy)
    const tls = await this.#authority.credential(memberName(id))
    const directory = join(this.#root, String(id))
    this.#options.set(id, { id, directory, tls, peerPort: 0, advertised: proxy.url, peers: [], founders })
  }
}
