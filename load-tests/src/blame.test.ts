import { expect, it } from "vitest"
import { explain, wasInside } from "./blame.ts"

const kills = [
  { victim: "activator-1 by SIGKILL", atMs: 1_000 },
  { victim: "activator-0 by SIGTERM", atMs: 9_000 },
  { victim: "control (controller, autoscaler)", atMs: 5_000 },
]
const failure = (sentMs: number, endedMs: number, why = "ECONNRESET", isKept = true) => {
  return { sentMs, endedMs, host: "h", isKept, why }
}

it.each([
  { name: "was in it", given: failure(900, 1_010), explained: true },
  { name: "had waited in it for long", given: failure(0, 1_400), explained: true },
  { name: "ended before", given: failure(900, 990), explained: false },
  { name: "broke long after", given: failure(1_300, 2_000), explained: false },
  { name: "was in one that was told to end, and so answers", given: failure(8_990, 9_010), explained: false },
  {
    name: "met the end of a kept connection when idle ones were closed",
    given: failure(10_002, 10_008),
    explained: true,
  },
  { name: "was told no then", given: failure(10_002, 10_008, "503 no such host"), explained: false },
  { name: "had a connection of its own then", given: failure(10_002, 10_008, "ECONNRESET", false), explained: false },
  { name: "was told no", given: failure(900, 1_010, "503 pending request queue full"), explained: false },
  { name: "was refused a connection", given: failure(1_005, 1_010, "ECONNREFUSED"), explained: false },
  {
    name: "broke with the control process, which it never passes through",
    given: failure(4_990, 5_010),
    explained: false,
  },
])("an activator's death explains a request that $name: $explained", ({ given, explained }) => {
  expect(explain(given, kills) !== undefined).toBe(explained)
})

it("tells those that were in a process at its death from those that were sent to it before the kernel had told of it", () => {
  const [inside, after] = [failure(990, 1_008), failure(1_004, 1_008)]
  expect([inside, after].map((each) => wasInside(each, kills))).toEqual([true, false])
  expect(explain(inside, kills)).toBe("it was in activator-1 by SIGKILL when that was killed")
  expect(explain(after, kills)).toMatch(
    /a kept connection 4\.0 ms after its death, of which the kernel told 8\.0 ms after/,
  )
})
