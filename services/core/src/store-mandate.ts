import { type Mandate, type MandateState, sameMandate } from "@wick/sdk/controller"
import type { MemberStorage } from "#store"

/**
 * The right to run what may run only once: it goes with the lead of the store. Whatever a loop does is a write, and
 * without the store's leader of the newest term nothing is written: a host that was cut off, frozen or slow may go on
 * believing that it leads, but comes to nothing by it. So the loops of the new leader need not wait for those of the old.
 */
export function storeMandate(store: Pick<MemberStorage, "cluster" | "status">): Mandate & Disposable {
  const { cluster } = store
  const read = (): MandateState => {
    if (cluster.leader() !== cluster.self) return { kind: "none" }
    return cluster.members().length === 1 ? { kind: "alone" } : { kind: "ours", term: store.status().term }
  }
  const listeners = new Set<() => void>()
  let state = read()
  const stop = cluster.onChange(() => {
    const next = read()
    if (sameMandate(next, state)) return
    state = next
    for (const listener of [...listeners]) listener()
  })
  return {
    get state() {
      return state
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    [Symbol.dispose]: stop,
  }
}
