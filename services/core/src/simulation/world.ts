import { type Random, seededRandom } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { RaftState } from "#raft"
import { CorruptStateError } from "../replication/checksum.ts"
import { LeaseTerms } from "./checkers/lease-terms.ts"
import { RaftSafety } from "./checkers/raft-safety.ts"
import { Reference } from "./checkers/reference.ts"
import { Violation } from "./checkers/violation.ts"
import { Cluster, type Interference, type Machine } from "./cluster.ts"
import { checkLinearizable } from "./linearizability.ts"
import { Operator } from "./operator.ts"
import { witnessedStoreModel } from "./store-model.ts"
import { Storm } from "./storm.ts"
import { tellHistory } from "./telling.ts"
import { Timeline } from "./timeline.ts"
import { Trace } from "./trace.ts"
import { drawWeather, driftMax, type Weather } from "./weather.ts"
import { Workload } from "./workload.ts"

/** Once nothing goes wrong any more, work must get done and all members must be equal within this time. */
const calmMaxMs = 40_000
/** Within this time a leader that nobody reaches has been followed by another. */
const deafMaxMs = 20_000
/** Answers that show that work gets done. */
const answersEnough = 12
/** Steps of the search for an order; what needs more is not decided. */
const searchStepsMax = 100_000

export interface Outcome {
  readonly seed: number
  readonly simulatedMs: number
  /** Equal of two runs in which the same happened. */
  readonly trace: string
  /** What went wrong with the world, in order. */
  readonly events: readonly string[]
  /** What the store did wrong. */
  readonly failure: Error | undefined
  readonly operations: number
  readonly entries: number
  readonly terms: number
  /** The history was too long to be sure of it; all else was checked. */
  readonly isUndecided: boolean
}

export interface WorldOptions {
  readonly seed: number
  readonly report?: Log
  readonly interference?: Interference
  readonly weather?: (weather: Weather) => Weather
}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, with: () => silent }

/**
 * Everything of one cluster: members, disks, network, clocks, clients, on one thread and from one seed. First things go
 * wrong, and no promise may be broken; then nothing does any more, and work must get done. Call it outside of promise
 * callbacks.
 */
export function runWorld(options: WorldOptions): Outcome {
  return new World(options).run()
}

class World {
  readonly #seed: number
  readonly #events: string[] = []
  readonly #trace = new Trace()
  readonly #weather: Weather
  readonly #timeline: Timeline
  readonly #leases = new LeaseTerms(1 / (1 + driftMax))
  readonly #reference: Reference
  readonly #safety: RaftSafety
  readonly #cluster: Cluster
  readonly #operator: Operator
  readonly #workload: Workload
  readonly #storm: Storm
  #active: Machine | undefined
  #failure: Error | undefined
  #isUndecided = false

  constructor({ seed, report = silent, interference = {}, weather = (drawn) => drawn }: WorldOptions) {
    this.#seed = seed
    const random = seededRandom(seed)
    const fork = (): Random => seededRandom(random.below(2 ** 32))
    this.#weather = weather(drawWeather(fork()))
    this.#timeline = new Timeline(() => this.#look())
    this.#reference = new Reference((lease) => this.#leases.ended(lease, this.#timeline.now))
    this.#safety = new RaftSafety((entry) => this.#reference.apply(entry))
    const note = (what: string): void => void this.#events.push(`${this.#timeline.now.toFixed(1)} ms: ${what}`)
    let clocks = 0
    this.#cluster = new Cluster({
      timeline: this.#timeline,
      random: fork(),
      report,
      interference,
      clockFault: () => this.#weather.clockFaults[clocks++] ?? { offsetMs: 0, rate: 1 },
      leaseDriftMax: this.#weather.hasReadLeases ? (1 + driftMax) / (1 - driftMax) : undefined,
      onActive: (machine) => {
        this.#active = machine
      },
      onLost: (machine) => {
        this.#workload.lost(machine)
        this.#storm.restart(machine)
      },
      onBug: (machine, error) => this.#fail(new Error(`member ${machine.id} failed: ${error.stack}`)),
      note,
    })
    const { thinkMaxMs } = this.#weather
    const parts = { timeline: this.#timeline, cluster: this.#cluster }
    this.#operator = new Operator(this.#cluster, this.#timeline, fork(), note)
    this.#workload = new Workload({
      ...parts,
      random: fork(),
      leases: this.#leases,
      thinkMaxMs,
      onAnswer: (client, revision) => this.#trace.add(client * 65_536 + revision),
    })
    this.#storm = new Storm({ ...parts, random: fork(), operator: this.#operator, weather: this.#weather, note })
  }

  run(): Outcome {
    try {
      this.#play()
    } catch (error) {
      this.#fail(error as Error)
    }
    return {
      seed: this.#seed,
      simulatedMs: this.#timeline.now,
      trace: this.#trace.hash,
      events: this.#events,
      failure: this.#failure,
      operations: this.#workload.history.length,
      entries: this.#safety.chosen,
      terms: this.#safety.terms,
      isUndecided: this.#isUndecided,
    }
  }

  #play(): void {
    const { founders, clients, stormMs } = this.#weather
    const ids = Array.from({ length: founders }, (_, at) => at + 1)
    for (const id of ids) this.#cluster.add(id, ids)
    for (const machine of this.#cluster.machines.values()) this.#cluster.start(machine)
    this.#workload.begin(clients)
    this.#storm.begin()
    this.#timeline.runUntil(stormMs, () => this.#failure !== undefined)
    if (this.#failure !== undefined) return
    this.#storm.end()
    this.#operator.repair()
    this.#workload.mark()
    if (this.#weather.isLeaderDeaf) this.#deafen()
    if (this.#failure !== undefined) return
    // Finding a leader that hears took its time.
    const calmMs = this.#timeline.now
    const isWorking = (): boolean => this.#workload.answeredSinceMark >= answersEnough
    this.#timeline.runUntil(calmMs + calmMaxMs, () => this.#failure !== undefined || isWorking())
    if (this.#failure !== undefined) return
    if (!isWorking()) throw new Violation("liveness", `nothing is answered ${calmMaxMs} ms after the storm`)
    this.#workload.end()
    this.#timeline.runUntil(calmMs + 2 * calmMaxMs, () => this.#failure !== undefined || this.#isSettled())
    if (this.#failure !== undefined) return
    if (!this.#isSettled()) throw new Violation("liveness", `members are not equal: ${this.#describe()}`)
    this.#judge()
  }

  /** A leader that hears nobody must give up, so that the others, which still hear it, find another (check-quorum). */
  #deafen(): void {
    const { stormMs } = this.#weather
    const isAnswered = (): boolean => this.#failure !== undefined || this.#workload.answeredSinceMark >= answersEnough
    this.#timeline.runUntil(stormMs + calmMaxMs, isAnswered)
    const { term = 0 } = this.#leader() ?? {}
    if (this.#failure !== undefined || !this.#storm.deafenLeader()) return
    const isFollowed = (): boolean => this.#failure !== undefined || (this.#leader(term)?.term ?? 0) > term
    this.#timeline.runUntil(this.#timeline.now + deafMaxMs, isFollowed)
    if (!isFollowed()) throw new Violation("liveness", `nobody else leads ${deafMaxMs} ms after the leader went deaf`)
    this.#cluster.network.heal()
    this.#workload.mark()
  }

  /** What must be true of everything that has happened. */
  #judge(): void {
    for (const machine of this.#configured()) this.#expectContent(machine)
    this.#workload.acknowledgements.expectKept(this.#reference)
    for (const told of this.#workload.watches) told.expectWrites(this.#reference)
    const verdict = checkLinearizable(
      witnessedStoreModel(this.#reference.written),
      this.#workload.history,
      searchStepsMax,
    )
    this.#isUndecided = verdict.kind === "undecided"
    if (verdict.kind !== "illegal") return
    const { done, stuck } = verdict
    throw new Violation(
      "linearizability",
      `after\n${tellHistory(done)}\nnone of these can follow:\n${tellHistory(stuck)}`,
    )
  }

  #expectContent({ id, mvcc, medium }: Machine): void {
    if (mvcc === undefined) return
    try {
      this.#reference.expectContent(id, mvcc)
    } catch (error) {
      // It may be damaged, but then it says so.
      if (!(error instanceof CorruptStateError && medium.isDamaged)) throw error
    }
  }

  /** After each thing that happens. */
  #look(): void {
    const machine = this.#active
    this.#active = undefined
    if (machine?.raft === undefined || machine.mvcc === undefined) return
    const { raft, mvcc } = machine
    try {
      this.#storm.look(machine)
      if (!this.#safety.look(raft)) return
      // A state that came whole is in the log a little before it is in its place.
      const applied = machine.storage?.status().appliedIndex ?? 0
      this.#reference.expectRevision(machine.id, applied, mvcc)
    } catch (error) {
      this.#fail(error as Error)
    }
    this.#trace.add(Math.floor(this.#timeline.now * 1000))
    this.#trace.add(machine.id * 1_000_003 + raft.term)
    this.#trace.add(raft.log.last.index * 4 + (raft.role.kind === "leader" ? 1 : 0))
    this.#trace.add(raft.handedOut)
  }

  /** Every member has applied everything. */
  #isSettled(): boolean {
    const leader = this.#leader()
    const { chosen } = this.#safety
    if (leader === undefined || leader.log.configuration.outgoing.length > 0 || leader.log.last.index !== chosen)
      return false
    return this.#configured().every(({ storage }) => storage?.status().appliedIndex === chosen)
  }

  /** Machines of present members. One that was added while nobody was told its number has never been started. */
  #configured(): readonly Machine[] {
    const { voters = [], learners = [] } = this.#leader()?.log.configuration ?? {}
    return [...voters, ...learners].flatMap((id) => this.#cluster.machines.get(id) ?? [])
  }

  #leader(after = -1): RaftState | undefined {
    const leads = ({ raft }: Machine): boolean => raft?.role.kind === "leader" && raft.term > after
    return [...this.#cluster.machines.values()].find(leads)?.raft
  }

  #describe(): string {
    const all = [...this.#cluster.machines.values()].map(({ id, state, raft }) => {
      const configuration = JSON.stringify(raft?.log.configuration)
      return `${id} ${state} ${raft?.role.kind} term ${raft?.term} applied ${raft?.handedOut} ${configuration}`
    })
    return `${this.#safety.chosen} entries; ${all.join(" · ")}`
  }

  #fail(error: Error): void {
    this.#failure ??= error
  }
}
