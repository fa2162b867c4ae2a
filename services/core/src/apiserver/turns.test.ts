import { expect, it } from "vitest"
import { Turns } from "./turns.ts"

it("lets whatever else there is to do pass between two pieces of work", async () => {
  const turns = new Turns()
  const done: string[] = []
  const large = [1, 2, 3].map(async (at) => {
    await turns.take()
    done.push(`large ${at}`)
  })
  for (const at of [1, 2]) {
    await new Promise((resolve) => setImmediate(resolve))
    done.push(`small ${at}`)
  }
  await Promise.all(large)
  expect(done.indexOf("small 1")).toBeLessThan(done.indexOf("large 2"))
  expect(done.indexOf("small 2")).toBeLessThan(done.indexOf("large 3"))
  expect(done.filter((each) => each.startsWith("large"))).toEqual(["large 1", "large 2", "large 3"])
})
