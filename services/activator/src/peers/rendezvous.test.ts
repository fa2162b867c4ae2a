import { seededRandom } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { ownerOf } from "./rendezvous.ts"

const pods = Array.from({ length: 2000 }, (_, at) => `pod-${at}`)
const members = (count: number): string[] => Array.from({ length: count }, (_, at) => `http://10.0.0.${at}:8081`)

describe("the owner of a pod", () => {
  it.each([2, 3, 5, 10])("is each of %i members about as often", (count) => {
    const owned = new Map<string, number>()
    for (const pod of pods) {
      const owner = ownerOf(pod, members(count)) ?? ""
      owned.set(owner, (owned.get(owner) ?? 0) + 1)
    }
    const fair = pods.length / count
    for (const member of members(count)) expect(Math.abs((owned.get(member) ?? 0) - fair)).toBeLessThan(fair * 0.25)
  })

  it("changes with the death of a member only for the pods that were its own, which all others share", () => {
    const random = seededRandom(3)
    for (let round = 0; round < 20; round++) {
      const before = members(3 + random.below(6))
      const dead = before[random.below(before.length)] as string
      const after = before.filter((member) => member !== dead)
      const heirs = new Set<string | undefined>()
      for (const pod of pods) {
        const owner = ownerOf(pod, before)
        const heir = ownerOf(pod, after)
        if (owner === dead) heirs.add(heir)
        else expect(heir).toBe(owner)
      }
      expect(heirs.size).toBe(after.length)
    }
  })

  it("does not depend on the order in which the members are told", () => {
    for (const pod of pods) expect(ownerOf(pod, members(5))).toBe(ownerOf(pod, members(5).reverse()))
  })

  it("is nobody where there are no members", () => expect(ownerOf("pod", [])).toBeUndefined())
})
