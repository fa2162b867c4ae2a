import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { must } from "@wick/sdk/assert"
import { type Random, SimulatedClock, seededRandom } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import type { MemberId } from "#raft"
import type { MemberStorage } from "#store"
import type { AppliedState, StateHome } from "../applied-state.ts"
import { type Limits, usualLimits } from "../limits.ts"
import { openMember } from "../open-member.ts"
import { SimulatedDisk } from "../simulated-disk.ts"
import { StateDirectories } from "../state-home.ts"
import { MemoryNetwork } from "./memory-network.ts"

export interface RigMember {
  readonly id: MemberId
  readonly disk: SimulatedDisk
  readonly directory: string
  storage: MemberStorage | undefined
  failure: Error | undefined
}

/** Time that passes at once. */
const stepMs = 100
/** Time in which an election is over, even if the first one has no winner. */
const electionMs = 5_000

/** Members on simulated disks and a simulated clock, with real states, joined by a network in memory. */
export class MemberRig {
  readonly clock = new SimulatedClock()
  readonly network = new MemoryNetwork()
  readonly members = new Map<MemberId, RigMember>()
  readonly limits: Limits
  readonly #random: Random
  readonly #founders: readonly MemberId[]
  readonly #leaseDriftMax: number | undefined
  readonly #root: string
  /** What is being written to a real disk just now. */
  readonly #writing = new Set<Promise<unknown>>()

  private constructor(
    root: string,
    founders: readonly MemberId[],
    limits: Partial<Limits>,
    leaseDriftMax: number | undefined,
  ) {
    this.#root = root
    this.#founders = founders
    this.limits = { ...usualLimits, ...limits }
    this.#leaseDriftMax = leaseDriftMax
    this.#random = seededRandom(1)
  }

  /** So many members that found a cluster together; resolves when one leads. */
  static async found(size: number, limits: Partial<Limits> = {}, leaseDriftMax?: number): Promise<MemberRig> {
    const root = await mkdtemp(join(tmpdir(), "wick-members-"))
    const founders = Array.from({ length: size }, (_, at) => at + 1)
    const rig = new MemberRig(root, founders, limits, leaseDriftMax)
    for (const id of founders) await rig.start(id)
    await rig.elected()
    return rig
  }

  /** Starts a member, on what it has on its disk; one that founds nothing waits to be told of the others. */
  async start(id: MemberId): Promise<MemberStorage> {
    const before = this.members.get(id)
    const directory = before?.directory ?? (await mkdtemp(join(this.#root, "member-")))
    const member: RigMember = {
      id,
      directory,
      disk: before?.disk ?? new SimulatedDisk(),
      storage: undefined,
      failure: undefined,
    }
    this.members.set(id, member)
    const { storage } = await openMember({
      disk: member.disk,
      states: this.#watched(new StateDirectories(directory)),
      clock: this.clock,
      random: this.#random,
      log: silentLog,
      limits: this.limits,
      membership: {
        id,
        address: { name: `m${id}`, peerUrls: [urlOf(id)], clientUrls: [] },
        founders: this.#founders.includes(id) ? this.#founders : [],
        peers: new Map([...this.members.keys()].map((other) => [other, urlOf(other)])),
        connect: this.network.connect(id),
        ...(this.#leaseDriftMax === undefined ? {} : { leaseDriftMax: this.#leaseDriftMax }),
      },
      onFailure: (error) => {
        member.failure = error
      },
    })
    member.storage = storage
    return storage
  }

  /** As after a crash: nothing is said to anyone, and what the disk has is what it has. The old process goes on unheard. */
  async crash(id: MemberId): Promise<void> {
    this.network.cutOff(id)
    await this.of(id).close()
    this.member(id).storage = undefined
  }

  /** Empties the member's disk: it begins anew, under the same number, as nobody should. */
  forget(id: MemberId): void {
    this.members.delete(id)
  }

  member(id: MemberId): RigMember {
    return must(this.members.get(id), "the member is there")
  }

  of(id: MemberId): MemberStorage {
    return must(this.member(id).storage, "the member is up")
  }

  /** Time passes; states are written to a real disk, and time waits for that. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      await this.clock.advance(Math.min(left, stepMs))
      while (this.#writing.size > 0) {
        await Promise.allSettled(this.#writing)
        await this.clock.advance(0)
      }
    }
  }

  #watched(home: StateDirectories): StateHome {
    const watch = <Value>(work: Promise<Value>): Promise<Value> => {
      this.#writing.add(work)
      const done = (): void => void this.#writing.delete(work)
      work.then(done, done)
      return work
    }
    const watchState = (state: AppliedState): AppliedState => {
      const save = state.save.bind(state)
      state.save = (checkpoint) => watch(save(checkpoint))
      return state
    }
    return {
      open: async (log) => watchState(await home.open(log)),
      // A leader takes its time to send, so time cannot wait for a state before all of it has come.
      receive: async (chunks) => {
        const received = await watch(home.receive(stream(await Array.fromAsync(chunks))))
        watchState(received.state)
        return received
      },
      remove: (state) => watch(home.remove(state)),
    }
  }

  /** Time passes until all that are up and not cut off agree on a leader; which one. */
  async elected(among: readonly MemberId[] = [...this.members.keys()]): Promise<MemberId> {
    for (let ms = 0; ms < 4 * electionMs; ms += stepMs) {
      const up = among.filter((id) => this.members.get(id)?.storage !== undefined)
      const leaders = new Set(up.map((id) => this.of(id).cluster.leader()))
      const [leader] = leaders
      if (leaders.size === 1 && leader !== undefined && up.includes(leader) && this.of(leader).cluster.self === leader)
        return leader
      await this.advance(stepMs)
    }
    throw new Error("no leader was elected")
  }

  /** Time passes until it is so. */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    for (let ms = 0; ms < 60_000; ms += stepMs) {
      if (await holds()) return
      await this.advance(stepMs)
    }
    throw new Error(`it did not come to pass that ${what}`)
  }

  followers(leader: MemberId): readonly MemberId[] {
    return [...this.members.keys()].filter((id) => id !== leader)
  }

  async dispose(): Promise<void> {
    for (const { storage } of this.members.values()) await storage?.close()
    await rm(this.#root, { recursive: true })
  }
}

async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

function urlOf(id: MemberId): string {
  return `https://member-${id}.test:2380`
}
