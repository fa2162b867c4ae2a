import { describe, expect, it } from "vitest"
import { type Cluster, clusterOfOne, type MemberStatus } from "#store"
import { storeMandate } from "./store-mandate.ts"

/** A store whose leader and members the story sets. */
class Store {
  leader = 1
  term = 1
  members = [1]
  readonly #listeners = new Set<() => void>()
  readonly cluster: Cluster = {
    ...clusterOfOne,
    self: 1,
    leader: () => this.leader,
    members: () => this.members.map((id) => ({ id, name: "", peerUrls: [], clientUrls: [], learner: false })),
    onChange: (listener) => {
      this.#listeners.add(listener)
      return () => this.#listeners.delete(listener)
    },
  }
  status = (): MemberStatus => ({ term: this.term }) as MemberStatus
  change(change: Partial<Pick<Store, "leader" | "term" | "members">>): void {
    Object.assign(this, change)
    for (const listener of this.#listeners) listener()
  }
}

describe("the right to run what may run only once", () => {
  it("is a lone member's without any term", () => {
    expect(storeMandate(new Store()).state).toEqual({ kind: "alone" })
  })

  it("goes with the lead of the store, term by term", () => {
    const store = new Store()
    const mandate = storeMandate(store)
    const seen: unknown[] = []
    mandate.onChange(() => seen.push(mandate.state))
    store.change({ members: [1, 2, 3] })
    store.change({ leader: 0, term: 2 })
    store.change({ leader: 2 })
    store.change({ leader: 1, term: 5 })
    store.change({ members: [1] })
    expect(seen).toEqual([{ kind: "ours", term: 1 }, { kind: "none" }, { kind: "ours", term: 5 }, { kind: "alone" }])
  })

  it("tells nobody of changes that change nothing for it", () => {
    const store = new Store()
    store.change({ members: [1, 2] })
    const mandate = storeMandate(store)
    let told = 0
    mandate.onChange(() => told++)
    store.change({ members: [1, 2, 3] })
    expect(told).toBe(0)
    mandate[Symbol.dispose]()
    store.change({ leader: 2 })
    expect(told).toBe(0)
  })
})
