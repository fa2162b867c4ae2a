import { seededRandom } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { type Claim, seatsShared } from "./borrowing.ts"

const claim = (nominal: number, demand: number, bounds: Partial<Claim> = {}): Claim => ({
  nominal,
  min: 0,
  max: 100,
  demand,
  ...bounds,
})

describe("seats that are lent", () => {
  it.each<[string, Claim[], number[]]>([
    ["go to who wants them", [claim(50, 0), claim(50, 90)], [0, 100]],
    ["are never more than may be borrowed", [claim(50, 0), claim(50, 90, { max: 60 })], [40, 60]],
    ["are never those that are lent to nobody", [claim(50, 0, { min: 30 }), claim(50, 90)], [30, 70]],
    ["leave everybody his own while he wants it", [claim(50, 50), claim(50, 500)], [50, 50]],
    ["are shared by what is wanted", [claim(40, 0), claim(30, 60), claim(30, 30)], [0, 67, 33]],
  ])("%s", (_, claims, seats) => {
    expect(seatsShared(claims, 100)).toEqual(seats)
  })

  it.each([1, 2, 3, 4, 5])("are within every bound, and no more than there are (seed %i)", (seed) => {
    const random = seededRandom(seed)
    for (let round = 0; round < 200; round++) {
      const nominals = Array.from({ length: 2 + random.below(8) }, () => random.below(80))
      const claims = nominals.map((nominal) => {
        const min = random.below(nominal + 1)
        return { nominal, min, max: nominal + random.below(200), demand: random.below(300) }
      })
      const total = nominals.reduce((sum, each) => sum + each, 0)
      const seats = seatsShared(claims, total)
      expect(seats.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(total)
      for (const [at, { nominal, min, max, demand }] of claims.entries()) {
        expect(seats[at]).toBeGreaterThanOrEqual(Math.max(min, Math.min(nominal, demand)))
        expect(seats[at]).toBeLessThanOrEqual(max)
      }
    }
  })
})
