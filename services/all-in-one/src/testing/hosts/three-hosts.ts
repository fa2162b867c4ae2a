import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { until } from "../until.ts"
import { Host } from "./host.ts"
import { Wire } from "./wire.ts"

export interface ClusterMember {
  readonly id: number
  readonly name: string
  readonly learner: boolean
  readonly leader: boolean
}

const push = fileURLToPath(new URL("./push.ts", import.meta.url))
const registry = "127.0.0.1:5000"

/** Three control-plane hosts, each in a network namespace, on one bridge. All of it goes when it is disposed of. */
export class ThreeHosts implements AsyncDisposable {
  readonly wire: Wire
  readonly hosts: readonly Host[]
  readonly #directory: string

  private constructor(wire: Wire, directory: string) {
    this.wire = wire
    this.#directory = directory
    this.hosts = [1, 2, 3].map((at) => {
      const home = join(directory, `host${at}`)
      mkdirSync(home, { mode: 0o700 })
      return new Host(wire, at, home)
    })
  }

  /** The first founds the cluster, the others join it. */
  static async start(): Promise<ThreeHosts> {
    const wire = new Wire(`wk${process.pid % 100_000}`, `10.${64 + (process.pid % 60)}.7`, 3)
    const cluster = new ThreeHosts(wire, mkdtempSync(join(tmpdir(), "wick-hosts-")))
    try {
      const [first, ...others] = cluster.hosts as [Host, ...Host[]]
      await first.start()
      for (const other of others) {
        const invitation = await first.wick("member", "invite")
        const [, join, token] = /(--join \S+) (--token \S+)/.exec(invitation) ?? []
        await other.start([...(join ?? "").split(" "), ...(token ?? "").split(" ")])
      }
      await cluster.settled()
      // To one of them: the others fetch it there.
      await others[0]?.module(push, registry)
      return cluster
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
  }

  async members(host: Host = this.hosts[0] as Host): Promise<ClusterMember[]> {
    const client = await host.client()
    const response = await client.request("/cluster/members", { signal: AbortSignal.timeout(2_000) })
    return ((await response.json()) as { members: ClusterMember[] }).members
  }

  /** Resolves with who leads, when all three have a vote and say the same. */
  settled(): Promise<Host> {
    return until(
      "three members that agree on a leader",
      async () => {
        const told = await Promise.all(this.hosts.map((host) => this.members(host).catch(() => [])))
        const leaders = new Set(told.map((members) => members.find(({ leader }) => leader)?.name))
        if (!told.every((members) => members.length === 3 && members.every(({ learner }) => !learner))) return undefined
        const [leader] = leaders
        return leaders.size === 1 ? this.hosts.find(({ name }) => name === leader) : undefined
      },
      90_000,
    )
  }

  others(host: Host): Host[] {
    return this.hosts.filter((other) => other !== host)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { at } of this.hosts) {
      try {
        this.wire.mend(at)
      } catch {
        // It was not cut.
      }
    }
    await Promise.all(this.hosts.map((host) => endHost(host)))
    for (const { disk } of this.hosts) disk[Symbol.dispose]()
    this.wire[Symbol.dispose]()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

/** As a person would: a dead one is started again, so that it ends what it had left running. */
async function endHost(host: Host): Promise<void> {
  try {
    host.signal("SIGCONT")
  } catch {
    await host.start().catch(() => {})
  }
  await host.wick("down", "--timeout", "60s").catch((error: unknown) => process.stderr.write(`${String(error)}\n`))
}
