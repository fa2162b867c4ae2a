import type { EndpointSlice, Service } from "@wick/sdk/api"
import { SimulatedClock } from "@wick/sdk/clock"
import type { Change, Informers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { describe, expect, it } from "vitest"
import { parseRange, type Range } from "./address.ts"
import { ServiceFollower } from "./service-follower.ts"

const range = (text: string): Range => parseRange(text) as Range

/** A packet filter that takes its time and may refuse; services of which the test tells. */
class Story {
  readonly clock = new SimulatedClock()
  readonly scripts: string[] = []
  readonly #services = new Map<string, Service>()
  readonly #slices = new Map<string, EndpointSlice>()
  #tell: (change: Change<Service>) => void = () => {}
  #finish: ((error?: Error) => void) | undefined
  readonly follower = new ServiceFollower({
    table: "wick",
    ranges: { pods: range("10.234.0.0/16"), services: range("10.235.0.0/16") },
    informers: this.#informers(),
    clock: this.clock,
    log: silentLog,
    apply: (script) => {
      this.scripts.push(script)
      return new Promise<void>((resolve, reject) => {
        this.#finish = (error) => (error ? reject(error) : resolve())
      })
    },
  })

  put(name: string, address: string): void {
    const metadata = { name, namespace: "default", labels: { "kubernetes.io/service-name": name } }
    const ports = [{ protocol: "TCP", port: 80 }]
    const service = { metadata, spec: { type: "ClusterIP", clusterIP: `10.235.0.${name.length}`, ports } }
    const endpoints = [{ addresses: [address], conditions: { ready: true } }]
    const slice = { metadata, addressType: "IPv4", endpoints, ports: [{ name: "", protocol: "TCP", port: 8080 }] }
    this.#services.set(name, service as unknown as Service)
    this.#slices.set(`default/${name}`, slice as unknown as EndpointSlice)
    this.#tell({ after: service as unknown as Service })
  }

  /** The filter is done with its transaction. */
  async done(error?: Error): Promise<void> {
    await this.clock.advance(0)
    this.#finish?.(error)
    await this.clock.advance(0)
  }

  #informers(): Informers {
    const informer = (kind: { plural: string }): object => ({
      synced: Promise.resolve(),
      get: (name: string) => this.#services.get(name),
      byIndex: (_index: string, key: string) => [this.#slices.get(key)].filter((slice) => slice !== undefined),
      onChange: (listener: (change: Change<Service>) => void) => {
        if (kind.plural === "services") this.#tell = listener
        return () => {}
      },
    })
    return informer as unknown as Informers
  }
}

describe("following services", () => {
  it("replaces the table whole at first, then sends only what changes", async () => {
    const story = new Story()
    const started = story.follower.start()
    await story.done()
    await started
    story.put("a", "10.234.0.5")
    await story.done()
    expect(story.scripts).toHaveLength(2)
    expect(story.scripts[0]).toContain("delete table ip wick")
    expect(story.scripts[1]).not.toContain("table ip wick {")
    expect(story.scripts[1]).toContain("dnat to 10.234.0.5:8080")
  })

  it("carries out in one transaction all that changed while the last one ran", async () => {
    const story = new Story()
    const started = story.follower.start()
    await story.clock.advance(0)
    for (const [index, name] of ["a", "bb", "ccc"].entries()) story.put(name, `10.234.0.${index}`)
    await story.done()
    await story.done()
    await started
    expect(story.scripts).toHaveLength(2)
    expect(story.scripts[1]?.match(/add chain/g)).toHaveLength(3)
  })

  it("replaces the table whole after a failure, and waits longer each time", async () => {
    const story = new Story()
    const started = story.follower.start()
    await story.done()
    await started
    story.put("a", "10.234.0.5")
    await story.done(new Error("no buffer space"))
    expect(story.scripts).toHaveLength(2)
    await story.clock.advance(100)
    expect(story.scripts).toHaveLength(3)
    expect(story.scripts[2]).toContain("delete table ip wick")
    expect(story.scripts[2]).toContain("dnat to 10.234.0.5:8080")
    await story.done(new Error("again"))
    await story.clock.advance(150)
    expect(story.scripts).toHaveLength(3)
    await story.clock.advance(50)
    await story.done()
    expect(story.scripts).toHaveLength(4)
  })
})
