import { describe, expect, it } from "vitest"
import { Slots } from "./slots.ts"

describe("slots", () => {
  it("let what was begun go on before anything new, and never more at once than there are", async () => {
    const slots = new Slots(2)
    const done: string[] = []
    let running = 0
    let most = 0
    const step = async (name: string): Promise<void> => {
      running += 1
      most = Math.max(most, running)
      await new Promise(setImmediate)
      running -= 1
      done.push(name)
    }
    const pod = async (name: string): Promise<void> => {
      await slots.use(() => step(`${name} sandbox`))
      await slots.use(() => step(`${name} container`), "begun")
    }
    await Promise.all(["a", "b", "c"].map(pod))
    expect(most).toBe(2)
    expect(done.slice(0, 4).toSorted()).toEqual(["a container", "a sandbox", "b container", "b sandbox"])
    expect(done.slice(4)).toEqual(["c sandbox", "c container"])
  })

  it("are free again after a failure", async () => {
    const slots = new Slots(1)
    await expect(slots.use(() => Promise.reject(new Error("no")))).rejects.toThrow("no")
    expect(await slots.use(() => Promise.resolve("yes"))).toBe("yes")
  })
})
