import { SimulatedClock } from "@wick/sdk/clock"
import { beforeEach, describe, expect, it } from "vitest"
import type { Credentials, ImageRecord, Runtime } from "../runtime/runtime.ts"
import { ImageProblem, Images, type ImageWish } from "./images.ts"

const image = "example.com/app:1"
const record: ImageRecord = { id: "sha256:1", tags: [image], digests: [], bytes: 1, user: undefined, pinned: false }
const good: Credentials = { username: "known", password: "right" }
const bad: Credentials = { username: "known", password: "wrong" }

let clock: SimulatedClock
let images: Images
let pulls: (string | undefined)[]
/** Pulls that wait to be let go on. */
let held: (() => void)[]
let isHeld: boolean
let isHere: boolean

beforeEach(() => {
  clock = new SimulatedClock()
  pulls = []
  held = []
  isHeld = false
  isHere = false
  const runtime: Pick<Runtime, "image" | "pullImage"> = {
    image: async () => (isHere ? record : undefined),
    pullImage: async (_reference, credentials, signal) => {
      pulls.push(credentials?.password)
      if (isHeld) {
        await new Promise<void>((resolve, reject) => {
          held.push(resolve)
          signal?.addEventListener("abort", () => reject(signal.reason))
        })
      }
      if (credentials?.password !== good.password) throw new Error("401 Unauthorized")
      isHere = true
      return record.id
    },
  }
  images = new Images(runtime as Runtime, clock)
})

function wish(podUid: string, credentials: readonly Credentials[], signal = new AbortController().signal): ImageWish {
  return { image, podUid, policy: "Always", credentials: async () => credentials, onPull: () => {}, signal }
}

async function reasonOf(podUid: string, credentials: readonly Credentials[]): Promise<string> {
  const outcome = await images.ensure(wish(podUid, credentials)).catch((error) => error)
  return outcome instanceof ImageProblem ? outcome.waiting.reason : "present"
}

describe("an image that cannot be pulled", () => {
  it("is told as ErrImagePull, then ImagePullBackOff until the next pull: after 10 s, 20 s, 40 s … 5 min", async () => {
    const waits: number[] = []
    for (let count = 0; count < 7; count += 1) {
      expect(await reasonOf("a", [bad])).toBe("ErrImagePull")
      const problem = await images.ensure(wish("a", [bad])).catch((error) => error)
      expect(problem.waiting).toEqual({
        reason: "ImagePullBackOff",
        message: `Back-off pulling image "${image}": ErrImagePull: 401 Unauthorized`,
      })
      waits.push((problem.retryAtMs - clock.now()) / 1_000)
      await clock.advance(problem.retryAtMs - clock.now())
    }
    expect(waits).toEqual([10, 20, 40, 80, 160, 300, 300])
    expect(pulls).toHaveLength(7)
  })

  it("keeps no other pod back, which may know the password", async () => {
    expect(await reasonOf("a", [bad])).toBe("ErrImagePull")
    expect(await reasonOf("b", [good])).toBe("present")
    expect(await reasonOf("a", [good])).toBe("ImagePullBackOff")
  })

  it("has failed once for a pod of which several containers wanted it", async () => {
    isHeld = true
    const both = Promise.all([reasonOf("a", [bad]), reasonOf("a", [bad])])
    await expect.poll(() => held.length).toBe(1)
    for (const release of held) release()
    expect(await both).toEqual(["ErrImagePull", "ErrImagePull"])
    const problem = await images.ensure(wish("a", [bad])).catch((error) => error)
    expect(problem.retryAtMs - clock.now()).toBe(10_000)
  })

  it("is nobody's any more when its pod has gone", async () => {
    expect(await reasonOf("a", [bad])).toBe("ErrImagePull")
    images.forget("a")
    expect(await reasonOf("a", [bad])).toBe("ErrImagePull")
  })
})

describe("one pull", () => {
  it("is for all who show the same credentials, and for nobody else", async () => {
    isHeld = true
    const all = Promise.all([reasonOf("a", [good]), reasonOf("b", [good]), reasonOf("c", [bad])])
    await expect.poll(() => held.length).toBe(2)
    for (const release of held) release()
    expect(await all).toEqual(["present", "present", "ErrImagePull"])
    expect(pulls).toEqual([good.password, bad.password])
  })

  it("goes on for the others when the pod that began it goes, and is given up with the last", async () => {
    isHeld = true
    const leaver = new AbortController()
    const last = new AbortController()
    const first = images.ensure(wish("a", [good], leaver.signal)).catch((error) => error)
    const second = images.ensure(wish("b", [good], last.signal)).catch((error) => error)
    await expect.poll(() => held.length).toBe(1)
    leaver.abort(new Error("pod a is gone"))
    expect((await first).message).toBe("pod a is gone")
    const third = images.ensure(wish("c", [good])).catch((error) => error)
    held[0]?.()
    expect([await second, await third]).toEqual([record, record])
    const again = images.ensure(wish("d", [good], last.signal)).catch((error) => error)
    await expect.poll(() => held.length).toBe(2)
    last.abort(new Error("pod d is gone"))
    expect((await again).message).toBe("pod d is gone")
    const anew = images.ensure(wish("e", [good]))
    await expect.poll(() => held.length).toBe(3)
    held[2]?.()
    expect(await anew).toBe(record)
  })
})
