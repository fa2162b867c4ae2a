import { SimulatedClock } from "@wick/sdk/clock"
import { expect, it } from "vitest"
import { type Cluster, clusterOfOne, type MemberStatus } from "#store"
import { storeHealth } from "./store-health.ts"

class Store {
  leads = 1
  hasSpace = true
  readonly listeners = new Set<() => void>()
  readonly cluster: Cluster = {
    ...clusterOfOne,
    leader: () => this.leads,
    onChange: (listener) => {
      this.listeners.add(listener)
      return () => this.listeners.delete(listener)
    },
  }
  status = (): MemberStatus => ({ hasSpace: this.hasSpace }) as MemberStatus

  lead(member: number): void {
    this.leads = member
    for (const listener of this.listeners) listener()
  }
}

it("a host is unwell that hears of no leader for longer than an election lasts, or has no space", async () => {
  const clock = new SimulatedClock()
  const store = new Store()
  const { checks } = storeHealth(store, clock)
  const unwell = (): string[] => checks.filter(({ isWell }) => !isWell()).map(({ name }) => name)
  expect(unwell()).toEqual([])
  store.lead(0)
  await clock.advance(2_000)
  store.lead(0)
  expect(unwell()).toEqual([])
  await clock.advance(1_000)
  expect(unwell()).toEqual(["store-leader"])
  store.lead(2)
  store.hasSpace = false
  expect(unwell()).toEqual(["store-space"])
})
