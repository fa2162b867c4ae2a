import { expect, it } from "vitest"
import { format } from "./report.ts"

it("aligns figures and leaves empty what a row did not measure", () => {
  const text = format([
    { name: "direct", figures: { p50: 1.5, p99: 20 } },
    { name: "gateway", figures: { p50: 2, cpu: 34 } },
  ])
  expect(text).toBe("         p50  p99  cpu\ndirect   1.5   20     \ngateway    2        34\n")
})
