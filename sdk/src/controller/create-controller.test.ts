import { describe, expect, it } from "vitest"
import { StatusError } from "../api/meta/status-error.ts"
import { SimulatedClock } from "../clock/index.ts"
import { silentLog } from "../telemetry/log.ts"
import { createMetrics } from "../telemetry/metrics.ts"
import { settled } from "../testing/scripted-fetch.ts"
import { type Controller, type ControllerOptions, createController } from "./create-controller.ts"
import { NotLeadingError } from "./leadership-term.ts"
import { done, type Result, TerminalError, wakeAfter } from "./result.ts"
import type { Shares } from "./shares/shares.ts"

function start(
  reconcile: (key: string) => Promise<Result>,
  options: Partial<ControllerOptions> = {},
): { controller: Controller; clock: SimulatedClock } {
  const clock = new SimulatedClock()
  const controller = createController({ name: "test", clock, log: silentLog, watches: [], reconcile, ...options })
  return { controller, clock }
}

describe("a controller", () => {
  it("waits for its informers before it reconciles anything", async () => {
    let markSynced: () => void = () => {}
    const synced = new Promise<void>((resolve) => {
      markSynced = resolve
    })
    const seen: string[] = []
    const watch = {
      synced,
      subscribe: (wake: (key: string) => void) => {
        wake("a")
        return () => {}
      },
    }
    const reconcile = async (key: string): Promise<Result> => {
      seen.push(key)
      return done
    }
    const { controller } = start(reconcile, { watches: [watch] })
    await settled()
    expect(seen).toEqual([])
    markSynced()
    await controller.idle()
    expect(seen).toEqual(["a"])
  })

  it("reconciles once for many changes of one moment", async () => {
    let calls = 0
    const { controller } = start(async () => {
      calls++
      return done
    })
    await settled()
    for (let i = 0; i < 10; i++) controller.wake("a")
    await controller.idle()
    expect(calls).toBe(1)
  })

  it("looks a while later at what a watch says is not urgent, though that was there before it began", async () => {
    const seen: string[] = []
    const watch = {
      synced: Promise.resolve(),
      subscribe: (wake: (key: string) => void, wakeAfter: (key: string, ms: number) => void) => {
        wakeAfter("late", 1000)
        wake("soon")
        return () => {}
      },
    }
    const reconcile = async (key: string): Promise<Result> => {
      seen.push(key)
      return done
    }
    const { clock } = start(reconcile, { watches: [watch] })
    await settled()
    expect(seen).toEqual(["soon"])
    await clock.advance(1000)
    expect(seen).toEqual(["soon", "late"])
  })

  it("works on as many keys at a time as it may, and never twice on one", async () => {
    const working = new Set<string>()
    let most = 0
    const { controller } = start(
      async (key) => {
        expect(working.has(key)).toBe(false)
        working.add(key)
        most = Math.max(most, working.size)
        await settled()
        working.delete(key)
        return done
      },
      { concurrency: 3 },
    )
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 8; i++) controller.wake(`key-${i}`)
      await settled()
    }
    await controller.idle()
    expect(most).toBe(3)
  })

  it("tries a failed key again with growing waits, and stops at success", async () => {
    const at: number[] = []
    const { controller, clock } = start(async () => {
      at.push(clock.now())
      if (at.length < 4) throw new StatusError("Conflict", "another was faster")
      return done
    })
    const begin = clock.now()
    controller.wake("a")
    await clock.advance(1_000)
    expect(at.map((ms) => ms - begin)).toEqual([0, 5, 15, 35])
  })

  it("warns of what somebody can do something about, and not of races that are lost", async () => {
    const errors = [
      new StatusError("Conflict", "another was faster"),
      new StatusError("NotFound", "another has deleted it"),
      new StatusError("AlreadyExists", "another has made it"),
      new StatusError("Forbidden", "its namespace goes", { causes: [{ reason: "NamespaceTerminating" }] }),
      new NotLeadingError("PATCH /apis/apps/v1/deployments: not leading any more"),
    ]
    const warnings: unknown[] = []
    const log = { ...silentLog, warn: (_message: string, fields: unknown) => void warnings.push(fields) }
    const worked: string[] = []
    const reconcile = async (key: string): Promise<Result> => {
      const error = errors[Number(key)]
      worked.push(key)
      if (error !== undefined && worked.filter((each) => each === key).length === 1) throw error
      return done
    }
    const { controller, clock } = start(reconcile, { log: { ...log, with: () => log } })
    for (const at of errors.keys()) controller.wake(String(at))
    await clock.advance(1_000)
    expect(worked).toHaveLength(2 * errors.length)
    expect(warnings).toEqual([])
  })

  it("warns of what is missing still when it is tried again, in the API's words", async () => {
    const warnings: unknown[] = []
    const log = { ...silentLog, warn: (_message: string, fields: unknown) => void warnings.push(fields) }
    let calls = 0
    const reconcile = async (): Promise<Result> => {
      if (calls++ < 2) throw new StatusError("NotFound", 'namespaces "shop" not found')
      return done
    }
    const { controller, clock } = start(reconcile, { log: { ...log, with: () => log } })
    controller.wake("a")
    await clock.advance(1_000)
    expect(warnings).toEqual([{ key: "a", waitMs: 10, error: 'namespaces "shop" not found' }])
  })

  it("leaves a key alone after a terminal error until it is woken", async () => {
    let calls = 0
    const { controller, clock } = start(async () => {
      calls++
      throw new TerminalError("the spec makes no sense")
    })
    controller.wake("a")
    await clock.advance(100_000)
    expect(calls).toBe(1)
    controller.wake("a")
    await controller.idle()
    expect(calls).toBe(2)
  })

  it("tells how long it took, how often it failed and how much waits", async () => {
    const metrics = createMetrics({ process: false })
    let calls = 0
    const { controller, clock } = start(
      async () => {
        if (calls++ === 0) throw new Error("a first time")
        return done
      },
      { metrics },
    )
    controller.wake("a")
    await clock.advance(100)
    const text = await metrics.text()
    expect(text).toContain('workqueue_work_duration_seconds_count{name="test"} 2')
    expect(text).toContain('workqueue_retries_total{name="test"} 1')
    expect(text).toContain('workqueue_depth{name="test"} 0')
    expect(text).toContain('workqueue_adds_total{name="test"} 2')
    expect(text).toContain('workqueue_queue_duration_seconds_count{name="test"} 2')
  })

  it("tells the same under Knative's names where it is told to, and of a reconcile that has not ended", async () => {
    const metrics = createMetrics({ process: false })
    const { promise, resolve } = Promise.withResolvers<typeof done>()
    const { controller, clock } = start(() => promise, { metrics, metricNames: "knative" })
    controller.wake("a")
    await settled()
    await clock.advance(2_500)
    const text = await metrics.text()
    expect(text).toContain('kn_workqueue_longest_running_processor_seconds{name="test"} 2.5')
    expect(text).toContain('kn_workqueue_unfinished_work_seconds{name="test"} 2.5')
    resolve(done)
    await controller.idle()
    expect(await metrics.text()).toContain('kn_workqueue_process_duration_seconds_sum{name="test"} 2.5')
    await controller[Symbol.asyncDispose]()
    expect(await metrics.text()).not.toContain("kn_workqueue_depth{")
  })

  it("comes back when the reconcile asked for it", async () => {
    const at: number[] = []
    const { controller, clock } = start(async () => {
      at.push(clock.now())
      return at.length < 3 ? wakeAfter(100) : done
    })
    const begin = clock.now()
    controller.wake("a")
    await clock.advance(1_000)
    expect(at.map((ms) => ms - begin)).toEqual([0, 100, 200])
  })

  it("aborts what runs when it is disposed of, and starts nothing more", async () => {
    let calls = 0
    const { controller, clock } = start(async () => done, {
      reconcile: (_key, signal) => {
        calls++
        return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
      },
    })
    controller.wake("a")
    await settled()
    controller.wake("a")
    await controller[Symbol.asyncDispose]()
    await clock.advance(100_000)
    expect(calls).toBe(1)
  })
})

describe("a controller that shares keys with others", () => {
  it("leaves those of others alone, and looks at all that there is when it has got some", async () => {
    const own = new Set(["a"])
    let told: () => void = () => {}
    const shares: Shares = {
      owns: (key) => own.has(key),
      onChange: (listener) => {
        told = listener
        return () => {}
      },
    }
    const watch = {
      synced: Promise.resolve(),
      subscribe: (wake: (key: string) => void) => {
        for (const key of ["a", "b", "c"]) wake(key)
        return () => {}
      },
    }
    const seen: string[] = []
    const reconcile = async (key: string): Promise<Result> => {
      seen.push(key)
      return done
    }
    const { controller } = start(reconcile, { watches: [watch], shares })
    await settled()
    await controller.idle()
    expect(seen.splice(0)).toEqual(["a"])
    own.add("b").delete("a")
    told()
    await controller.idle()
    expect(seen).toEqual(["b"])
  })
})
