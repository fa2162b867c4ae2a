import { must } from "@wick/sdk/assert"
import type { Random } from "@wick/sdk/clock"
import { type MemberId, noMember } from "#raft"
import type { Cluster, Machine } from "./cluster.ts"
import { healthyDisk } from "./medium.ts"
import { healthyNetwork } from "./network.ts"
import type { Operator } from "./operator.ts"
import type { Timeline } from "./timeline.ts"
import type { Misfortune, Weather } from "./weather.ts"

/** Lets things go wrong, and at the end puts all right again that can be. */
export class Storm {
  readonly #timeline: Timeline
  readonly #random: Random
  readonly #cluster: Cluster
  readonly #operator: Operator
  readonly #weather: Weather
  readonly #note: (what: string) => void
  #isOver = false
  readonly #seen = new Map<Machine, { readonly term: number; readonly vote: MemberId; readonly role: string }>()

  constructor(parts: {
    readonly timeline: Timeline
    readonly random: Random
    readonly cluster: Cluster
    readonly operator: Operator
    readonly weather: Weather
    readonly note: (what: string) => void
  }) {
    this.#timeline = parts.timeline
    this.#random = parts.random
    this.#cluster = parts.cluster
    this.#operator = parts.operator
    this.#weather = parts.weather
    this.#note = parts.note
  }

  begin(): void {
    this.#cluster.network.condition = this.#weather.network
    for (const machine of this.#machines()) this.#settle(machine)
    this.#next()
  }

  end(): void {
    this.#isOver = true
    this.#cluster.network.condition = healthyNetwork
    this.#cluster.network.heal()
    for (const machine of this.#machines()) {
      machine.medium.condition = healthyDisk
      machine.medium.misdirectsNext = false
      machine.host.thaw()
      this.#cluster.start(machine)
    }
    this.#note("the storm is over")
  }

  /**
   * Nothing goes to the leader any more, which all others still hear: they must find another. False: nobody leads, or those
   * who are left are no majority, and must not.
   */
  deafenLeader(): boolean {
    const leader = this.#leader()
    const { voters = [], outgoing = [] } = leader?.raft?.log.configuration ?? {}
    const isSpared = (list: readonly number[]): boolean =>
      list.filter((id) => id !== leader?.id).length * 2 > list.length
    if (leader === undefined || !isSpared(voters) || (outgoing.length > 0 && !isSpared(outgoing))) return false
    this.#note(`nothing goes to ${leader.id} any more`)
    for (const { id } of this.#machines()) if (id !== leader.id) this.#cluster.network.cut(id, leader.id)
    return true
  }

  /** Something has changed in this member: the moment for some misfortunes. */
  look(machine: Machine): void {
    const { raft, host } = machine
    if (raft === undefined || this.#isOver) return
    const { role, term, vote } = raft
    const seen = this.#seen.get(machine)
    if (seen?.term === term && seen.vote === vote && seen.role === role.kind) return
    this.#seen.set(machine, { term, vote, role: role.kind })
    const { misfortunes } = this.#weather
    const hasVoted = vote !== machine.id && vote !== noMember && seen?.vote !== vote
    const isElected = role.kind === "leader" && seen?.role !== "leader"
    if (hasVoted && misfortunes.includes("crash of a voter")) this.#crashSoon(machine, host.life, "a voter")
    if (isElected && misfortunes.includes("crash of a new leader")) this.#crashSoon(machine, host.life, "a new leader")
  }

  #crashSoon(machine: Machine, life: number, who: string): void {
    if (this.#random.below(3) > 0) return
    this.#timeline.after(this.#random.below(100), () => {
      if (this.#isOver || machine.host.life !== life) return
      this.#note(`crash of ${who}: ${machine.id}`)
      this.#cluster.crash(machine)
    })
  }

  #next(): void {
    this.#timeline.after(this.#random.below(this.#weather.calmMaxMs), () => {
      if (this.#isOver) return
      const { misfortunes } = this.#weather
      const misfortune = misfortunes[this.#random.below(misfortunes.length)]
      if (misfortune !== undefined) this.#strike(misfortune)
      this.#next()
    })
  }

  #strike(misfortune: Misfortune): void {
    const machine = this.#any(this.#machines())
    switch (misfortune) {
      case "crash":
        this.#crash(machine)
        break
      case "crash of the leader":
        this.#crash(this.#leader() ?? machine)
        break
      case "crash of a voter":
      case "crash of a new leader":
        break // these wait for their moment, see `look`
      case "power failure":
        for (const each of this.#machines()) this.#crash(each)
        break
      case "partition":
        this.#partition(this.#machines().filter(() => this.#random.below(2) === 0))
        break
      case "isolated leader":
        this.#partition([this.#leader() ?? machine])
        break
      case "one-way partition":
        this.#cutOneWay(this.#leader() ?? machine)
        break
      case "frozen process":
        this.#tell(misfortune, machine)
        machine.host.freeze()
        this.#later(4_000, () => machine.host.thaw())
        break
      case "slow disk":
        this.#spoilDisk(misfortune, machine, { latencyMaxMs: 400 })
        break
      case "full disk":
        this.#spoilDisk(misfortune, machine, { isFull: true })
        break
      case "failing disk":
        this.#spoilDisk(misfortune, machine, { isBroken: true })
        break
      case "bit rot":
      case "misdirected write":
        this.#damage(misfortune)
        break
      default:
        this.#operator.change(misfortune)
        break
    }
  }

  #crash(machine: Machine): void {
    if (machine.state !== "up" && machine.state !== "starting") return
    this.#tell("crash", machine)
    this.#cluster.crash(machine)
  }

  /** Whoever is down is started again, at once or by and by. */
  restart(machine: Machine): void {
    const delayMs = this.#random.below(3) === 0 ? this.#random.below(30) : 50 + this.#random.below(2_000)
    this.#timeline.after(delayMs, () => this.#cluster.start(machine))
  }

  #partition(side: readonly Machine[]): void {
    this.#note(`partition: ${side.map(({ id }) => id).join(" ")} and the others`)
    for (const one of side) {
      for (const other of this.#machines()) {
        if (side.includes(other)) continue
        this.#cluster.network.cut(one.id, other.id)
        this.#cluster.network.cut(other.id, one.id)
      }
    }
    this.#later(4_000, () => this.#cluster.network.heal())
  }

  #cutOneWay(machine: Machine): void {
    const outward = this.#random.below(2) === 0
    this.#note(`one-way partition: nothing goes ${outward ? "from" : "to"} ${machine.id}`)
    for (const { id } of this.#machines()) {
      if (outward) this.#cluster.network.cut(machine.id, id)
      else this.#cluster.network.cut(id, machine.id)
    }
    this.#later(4_000, () => this.#cluster.network.heal())
  }

  #spoilDisk(misfortune: Misfortune, machine: Machine, condition: Partial<Machine["medium"]["condition"]>): void {
    this.#tell(misfortune, machine)
    machine.medium.condition = { ...machine.medium.condition, ...condition }
    this.#later(3_000, () => this.#settle(machine))
  }

  /** Only of those few machines, whatever else happens to them. */
  #damage(misfortune: Misfortune): void {
    const exposed = this.#machines().filter(({ id }) => id <= this.#weather.mayBeDamaged)
    if (exposed.length === 0) return
    const machine = this.#any(exposed)
    this.#tell(misfortune, machine)
    if (misfortune === "misdirected write") machine.medium.misdirectsNext = true
    else if (this.#random.below(3) > 0 || !machine.shelf.rot()) machine.medium.rot()
  }

  #settle(machine: Machine): void {
    const { diskLatencyMaxMs: latencyMaxMs } = this.#weather
    machine.medium.condition = this.#isOver ? healthyDisk : { ...healthyDisk, latencyMaxMs }
  }

  #leader(): Machine | undefined {
    return this.#machines().find(({ raft }) => raft?.role.kind === "leader")
  }

  #machines(): readonly Machine[] {
    return [...this.#cluster.machines.values()].filter(({ state }) => state !== "removed")
  }

  #later(maxMs: number, run: () => void): void {
    this.#timeline.after(50 + this.#random.below(maxMs), () => !this.#isOver && run())
  }

  #any<Item>(items: readonly Item[]): Item {
    return must(items[this.#random.below(items.length)], "there is one")
  }

  #tell(what: string, { id }: Machine): void {
    this.#note(`${what}: ${id}`)
  }
}
