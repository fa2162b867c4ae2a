import { expect, it } from "vitest"
import { format, medians, stolenPart } from "./report.ts"

it("aligns figures and leaves empty what a row did not measure", () => {
  const text = format([
    { name: "direct", figures: { p50: 1.5, p99: 20 } },
    { name: "gateway", figures: { p50: 2, cpu: 34 } },
  ])
  expect(text).toBe("         p50  p99  cpu\ndirect   1.5   20     \ngateway    2        34\n")
})

it("tells the median of each figure of rows with one name", () => {
  const rows = [
    ...[30, 10, 20].map((cpu, at) => ({ name: "gateway", figures: { cpu, p50: at } })),
    { name: "direct", figures: { cpu: 1, p50: 9 } },
  ]
  expect(medians(rows)).toEqual([
    { name: "gateway", figures: { cpu: 20, p50: 1 } },
    { name: "direct", figures: { cpu: 1, p50: 9 } },
  ])
})

it("tells how much of what the machine wanted its host gave to others", () => {
  expect(stolenPart({ used: 1_000, stolen: 100 }, { used: 1_700, stolen: 400 })).toBe(30)
  expect(stolenPart({ used: 1_000, stolen: 100 }, { used: 1_000, stolen: 100 })).toBe(0)
})
