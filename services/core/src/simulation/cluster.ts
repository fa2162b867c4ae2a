import { must } from "@wick/sdk/assert"
import { type Random, seededRandom } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { MemberId, RaftState } from "#raft"
import { type MemberStorage, type Mvcc, RemovedError } from "#store"
import type { StateHome } from "../replication/applied-state.ts"
import { CorruptStateError } from "../replication/checksum.ts"
import type { Disk } from "../replication/disk.ts"
import { CorruptLogError } from "../replication/log-recovery.ts"
import { type OpenedMember, openMember } from "../replication/open-member.ts"
import { type ClockFault, Host } from "./host.ts"
import { Medium } from "./medium.ts"
import { Network } from "./network.ts"
import { StateShelf } from "./states.ts"
import type { Timeline } from "./timeline.ts"

/**
 * - `down`: nothing runs.
 * - `starting`: it reads its disk.
 * - `up`: it can be called.
 * - `corrupt`: it has refused to start on what is on its disk. Left only by being replaced.
 * - `removed`: it is no member any more.
 */
export type MachineState = "down" | "starting" | "up" | "corrupt" | "removed"

/** A host with its disk, and the member that runs there. */
export interface Machine {
  readonly id: MemberId
  readonly host: Host
  readonly medium: Medium
  readonly shelf: StateShelf
  readonly founders: readonly MemberId[]
  state: MachineState
  storage: MemberStorage | undefined
  raft: RaftState | undefined
  mvcc: Mvcc | undefined
}

/** What a test may put between a member and its surroundings. */
export interface Interference {
  disk?(disk: Disk, machine: Machine): Disk
  states?(states: StateHome, machine: Machine): StateHome
}

export interface ClusterEvents {
  readonly timeline: Timeline
  readonly random: Random
  readonly report: Log
  readonly interference: Interference
  readonly clockFault: () => ClockFault
  /** Leaders answer reads without asking, trusting that clocks differ by no more than this factor. */
  readonly leaseDriftMax: number | undefined
  /** Something goes on at this machine. */
  readonly onActive: (machine: Machine) => void
  /** Its member has crashed or ended: whoever waits for an answer of it gets none. */
  readonly onLost: (machine: Machine) => void
  /** A member has stopped itself, or could not start, for no reason that the world has given it. */
  readonly onBug: (machine: Machine, error: Error) => void
  readonly note: (what: string) => void
}

/** Small, so that what takes gigabytes and days in the real world takes kilobytes and seconds here. */
const limits = {
  segmentSize: 16 * 1024,
  appendSizeMax: 1_000,
  keptSizeMax: 64 * 1024,
  keptEntriesMax: 60,
  keptAlone: 60,
  saveDelayMs: 1_500,
  unsavedSizeSoft: 16 * 1024,
}

export class Cluster {
  readonly machines = new Map<MemberId, Machine>()
  readonly network: Network
  readonly #events: ClusterEvents

  constructor(events: ClusterEvents) {
    this.#events = events
    this.network = new Network(seededRandom(events.random.below(2 ** 32)), (ms, run) => {
      events.timeline.after(ms, run)
    })
  }

  /** `founders` empty: it joins. */
  add(id: MemberId, founders: readonly MemberId[]): Machine {
    const { timeline, random, clockFault } = this.#events
    const medium = new Medium(seededRandom(random.below(2 ** 32)))
    const host = new Host(id, timeline, clockFault(), {
      onActive: () => this.#events.onActive(machine),
      onError: (error) => this.#failed(machine, error),
    })
    const shelf = new StateShelf(medium, seededRandom(random.below(2 ** 32)))
    const fresh = { state: "down", storage: undefined, raft: undefined, mvcc: undefined } as const
    const machine: Machine = { id, host, medium, shelf, founders, ...fresh }
    this.machines.set(id, machine)
    return machine
  }

  start(machine: Machine): void {
    if (machine.state !== "down") return
    machine.state = "starting"
    machine.host.start()
    const { life } = machine.host
    const isNow = (): boolean => machine.host.life === life
    this.#open(machine).then(
      (opened) => isNow() && this.#opened(machine, opened),
      (error: Error) => isNow() && this.#refused(machine, error),
    )
  }

  crash(machine: Machine): void {
    if (machine.state !== "up" && machine.state !== "starting") return
    machine.state = "down"
    this.#end(machine)
  }

  async #open(machine: Machine): Promise<OpenedMember> {
    const { id, host, medium, shelf, founders } = machine
    const { report, interference } = this.#events
    const disk = medium.disk(host)
    const home = shelf.home(host)
    const random = seededRandom(this.#events.random.below(2 ** 32))
    const url = urlOf(id)
    return openMember({
      disk: interference.disk?.(disk, machine) ?? disk,
      states: interference.states?.(home, machine) ?? home,
      clock: host.clock,
      random,
      log: report.with({ member: id }),
      limits,
      membership: {
        id,
        address: { name: `m${id}`, peerUrls: [url], clientUrls: [] },
        founders,
        peers: new Map([...this.machines.keys()].filter((each) => each !== id).map((each) => [each, urlOf(each)])),
        connect: this.network.connect(host),
        ...(this.#events.leaseDriftMax === undefined ? {} : { leaseDriftMax: this.#events.leaseDriftMax }),
      },
      soon: (task) => void host.later(0, task),
      onFailure: (error) => this.#failed(machine, error),
    })
  }

  #opened(machine: Machine, { storage, raft, mvcc }: OpenedMember): void {
    machine.state = "up"
    machine.storage = storage
    machine.raft = raft
    machine.mvcc = mvcc
  }

  #refused(machine: Machine, error: Error): void {
    this.#end(machine)
    if (error instanceof CorruptLogError || error instanceof CorruptStateError) {
      machine.state = "corrupt"
      this.#events.note(`${machine.id} refuses to start: ${error.message}`)
      if (!machine.medium.isDamaged) this.#events.onBug(machine, error)
    } else {
      machine.state = "down"
      if (!isOfDisk(error)) this.#events.onBug(machine, error)
    }
  }

  /** The member has stopped itself, or something was thrown that nobody caught: its process ends, and is started anew. */
  #failed(machine: Machine, error: Error): void {
    this.#events.note(`${machine.id} has stopped itself: ${error.message}`)
    if (error instanceof RemovedError) {
      machine.state = "removed"
      this.#end(machine)
      return
    }
    if (!isOfDisk(error) && !(error instanceof CorruptStateError && machine.medium.isDamaged)) {
      this.#events.onBug(machine, error)
    }
    this.crash(machine)
  }

  #end(machine: Machine): void {
    machine.host.crash()
    this.network.detach(machine.host)
    machine.medium.crash()
    machine.storage = undefined
    machine.raft = undefined
    machine.mvcc = undefined
    this.#events.onLost(machine)
  }

  machine(id: MemberId): Machine {
    return must(this.machines.get(id), "machines are known by the number of their member")
  }
}

export function urlOf(id: MemberId): string {
  return `https://member-${id}:2380`
}

function isOfDisk(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === "EIO" || (error as NodeJS.ErrnoException).code === "ENOSPC"
}
