import type { Random } from "@wick/sdk/clock"
import { MemberNotFoundError, type Cluster as StoreCluster } from "#store"
import type { Cluster } from "./cluster.ts"
import type { Timeline } from "./timeline.ts"

/** Most machines that there ever are in one world. */
const machinesMax = 9
const votersMin = 3

/** Whoever changes the members, as people do: asks any of them, and may get no answer. */
export class Operator {
  readonly #cluster: Cluster
  readonly #timeline: Timeline
  readonly #random: Random
  readonly #note: (what: string) => void
  #addresses = 0
  /** A change is under way, or its answer was lost. */
  #isBusy = false

  constructor(cluster: Cluster, timeline: Timeline, random: Random, note: (what: string) => void) {
    this.#cluster = cluster
    this.#timeline = timeline
    this.#random = random
    this.#note = note
  }

  change(kind: "new member" | "removed member" | "new leader"): void {
    const up = [...this.#cluster.machines.values()].filter(({ state }) => state === "up")
    const asked = this.#any(up)
    const store = asked?.storage?.cluster
    if (asked === undefined || store === undefined || this.#isBusy) return
    if (kind === "new member") this.#attempt(`${asked.id} is asked to add a member`, this.#addTo(store))
    else if (kind === "removed member") {
      // Who is asked may not know yet how few there are.
      const voters = Math.min(...up.map(({ storage }) => votersOf(storage?.cluster)))
      const chosen = this.#any(store.members())
      if (chosen === undefined || (!chosen.learner && voters <= votersMin)) return
      this.#attempt(`${asked.id} is asked to remove ${chosen.id}`, store.removeMember(chosen.id))
    } else {
      const chosen = this.#any(store.members().filter(({ learner }) => !learner))
      if (chosen === undefined) return
      this.#attempt(`${asked.id} is asked to let ${chosen.id} lead`, store.transferLeadership(chosen.id))
    }
  }

  /** Puts new members in the place of those whose disks cannot be trusted, once nothing goes wrong any more. */
  repair(): void {
    const broken = [...this.#cluster.machines.values()].find(({ state }) => state === "corrupt")
    const asked = this.#any([...this.#cluster.machines.values()].filter(({ state }) => state === "up"))
    const store = asked?.storage?.cluster
    if (broken !== undefined && store !== undefined && !this.#isBusy) {
      const removed = store.removeMember(broken.id).catch((error: Error) => {
        if (!(error instanceof MemberNotFoundError)) throw error
      })
      const replaced = removed.then(() => {
        broken.state = "removed"
        return this.#addTo(store)
      })
      this.#attempt(`${broken.id} is to be replaced`, replaced)
    }
    this.#timeline.after(1_000, () => this.repair())
  }

  async #addTo(store: StoreCluster): Promise<void> {
    if (this.#cluster.machines.size >= machinesMax) return
    const { id } = await store.addMember({ name: "", peerUrls: [`https://new-${++this.#addresses}:2380`] })
    this.#note(`member ${id} starts`)
    this.#cluster.start(this.#cluster.add(id, []))
  }

  #attempt(what: string, outcome: Promise<void>): void {
    this.#note(what)
    this.#isBusy = true
    const cancel = this.#timeline.after(6_000, () => {
      this.#isBusy = false // no answer came
    })
    const over = (): void => {
      cancel()
      this.#isBusy = false
    }
    outcome.then(over, (error: Error) => {
      this.#note(`it was not done: ${error.message}`)
      over()
    })
  }

  #any<Item>(items: readonly Item[]): Item | undefined {
    return items[this.#random.below(items.length)]
  }
}

function votersOf(store: StoreCluster | undefined): number {
  return store?.members().filter(({ learner }) => !learner).length ?? Number.POSITIVE_INFINITY
}
