import { seededRandom } from "@wick/sdk/clock"
import { ownSeeds } from "@wick/sdk/testing/property-seed"
import { describe, expect, it } from "vitest"
import type { LeaseTerms } from "./lease.ts"
import type { Entry, MemberId } from "./message.ts"
import { type Faults, noFaults, type Observer, SimulatedCluster } from "./simulated-cluster.ts"
import type { RaftState } from "./state.ts"

/** Raft's promises (paper, figure 3), watched over from outside of it. */
class Safety implements Observer {
  readonly #leaders = new Map<number, MemberId>()
  readonly #chosen = new Map<number, Entry>()
  /** What had been acknowledged by anyone when each read was asked. */
  readonly #asked = new Map<number, number>()
  answered = 0

  get chosen(): number {
    return this.#chosen.size
  }

  onLeader({ id, term, log }: RaftState): void {
    const other = this.#leaders.get(term)
    if (other !== undefined && other !== id) throw new Error(`election safety: ${other} and ${id} lead in term ${term}`)
    this.#leaders.set(term, id)
    for (const { index, term: chosen } of this.#chosen.values()) {
      if (index > log.start.index && chosen < term && log.termAt(index) !== chosen) {
        throw new Error(`leader completeness: ${id} leads in term ${term} without entry ${index} of term ${chosen}`)
      }
    }
  }

  onApply(member: MemberId, entries: readonly Entry[]): void {
    for (const entry of entries) {
      const chosen = this.#chosen.get(entry.index) ?? entry
      this.#chosen.set(entry.index, chosen)
      if (chosen.term !== entry.term || Buffer.compare(chosen.data, entry.data) !== 0) {
        throw new Error(`state machine safety: ${member} applies another entry at ${entry.index}`)
      }
    }
  }

  onReadAsked(read: number): void {
    this.#asked.set(read, this.chosen)
  }

  onReadAnswered(read: number, index: number): void {
    const asked = this.#asked.get(read) ?? 0
    if (index < asked) throw new Error(`reads: one asked when ${asked} was acknowledged is answered as of ${index}`)
    this.answered++
  }

  onMoment(states: readonly RaftState[]): void {
    for (const a of states) for (const b of states) if (a.id < b.id) this.#expectMatching(a, b)
  }

  /** If two logs have the same entry somewhere, they are the same up to there. */
  #expectMatching(a: RaftState, b: RaftState): void {
    const first = Math.max(a.log.start.index, b.log.start.index) + 1
    let agreed = false
    for (let index = Math.min(a.log.last.index, b.log.last.index); index >= first; index--) {
      const same = a.log.termAt(index) === b.log.termAt(index)
      if (agreed && !same)
        throw new Error(`log matching: ${a.id} and ${b.id} differ at ${index}, below where they agree`)
      agreed ||= same
    }
  }
}

const stormy: Faults = {
  lossPercent: 10,
  repeatPercent: 5,
  delayMax: 12,
  diskDelayMax: 6,
  crashPercent: 0.5,
  partitionPercent: 0.5,
  changePercent: 0,
}

/** Leaders are cut off and replaced as often as can be, over a network that is quick otherwise. */
const restless: Faults = {
  lossPercent: 2,
  repeatPercent: 2,
  delayMax: 1,
  diskDelayMax: 0,
  crashPercent: 0.3,
  partitionPercent: 1.5,
  changePercent: 0.5,
}

/** Ticks come one a moment, and clocks agree. */
const lease: LeaseTerms = { tickMs: 1, driftMax: 1 }

/** A storm, in which promises must hold, and then calm, in which work must get done. */
function run(
  size: number,
  seed: number,
  faults: Faults = stormy,
  more: { readonly spares?: number; readonly lease?: LeaseTerms } = {},
): void {
  const safety = new Safety()
  const cluster = new SimulatedCluster(size, faults, seededRandom(seed), safety, more)
  for (let moment = 0; moment < 1_500; moment++) cluster.advance()
  cluster.faults = noFaults
  for (let moment = 0; moment < 200; moment++) cluster.advance()
  const before = safety.chosen
  for (let moment = 0; moment < 150; moment++) cluster.advance()
  expect(safety.chosen, "commands are committed once the storm is over").toBeGreaterThan(before + 3)
  expect(safety.answered, "and reads are answered").toBeGreaterThan(0)
  const present = cluster.leader?.log.configuration.voters ?? []
  const voting = cluster.members.filter(({ id }) => present.includes(id))
  const lag = voting.map(({ state }) => safety.chosen - (state?.handedOut ?? 0))
  expect(Math.max(...lag), "and every member that votes applies them").toBeLessThan(40)
}

describe("a cluster in a storm of lost, late and repeated messages, crashes and partitions", () => {
  const seeds = [1, 2, 3, 4, 5, 6, 7, 8, ...ownSeeds(12)]
  it.each(seeds)("of three keeps its promises, and recovers (seed %i)", (seed) => run(3, seed))
  it.each(seeds)("whose members and leaders are changed meanwhile keeps its promises, and recovers (seed %i)", (seed) =>
    run(3, seed, { ...stormy, changePercent: 0.5 }, { spares: 2 }),
  )
  it.each(seeds)("whose leader answers reads by a lease answers none that is stale (seed %i)", (seed) =>
    run(3, seed, restless, { spares: 2, lease }),
  )
  it.each(seeds.slice(4, 12))("of five keeps its promises, and recovers (seed %i)", (seed) => run(5, seed))
})
