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
  #tellSlice: (change: Change<EndpointSlice>) => void = () => {}
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

  /** The service is there, and other endpoints answer for it. */
  move(name: string, address: string): void {
    const before = this.#slices.get(`default/${name}`) as EndpointSlice
    const after = { ...before, endpoints: [{ addresses: [address], conditions: { ready: true } }] } as EndpointSlice
    this.#slices.set(`default/${name}`, after)
    this.#tellSlice({ before, after })
  }

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

  /** Until the table is there for the first time. */
  async start(): Promise<void> {
    const started = this.follower.start()
    await this.done()
    await started
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
      onChange: (listener: (change: Change<Service> | Change<EndpointSlice>) => void) => {
        if (kind.plural === "services") this.#tell = listener
        else this.#tellSlice = listener
        return () => {}
      },
    })
    return informer as unknown as Informers
  }
}

describe("following services", () => {
  it("replaces the table whole at first, then sends only what changes", async () => {
    const story = new Story()
    await story.start()
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

  it("carries out at once what a few pods do, and in few transactions what many do, but no service waits for that", async () => {
    const story = new Story()
    await story.start()
    story.put("a", "10.234.0.5")
    await story.done()
    await story.clock.advance(2_000)
    const move = async (last: number): Promise<void> => {
      story.move("a", `10.234.1.${last}`)
      await story.done()
    }
    for (let pod = 0; pod < 4; pod++) await move(pod)
    expect(story.scripts).toHaveLength(6)
    for (let pod = 4; pod < 50; pod++) await move(pod)
    expect(story.scripts).toHaveLength(6)
    await story.clock.advance(500)
    expect(story.scripts).toHaveLength(7)
    expect(story.scripts[6]).toContain("dnat to 10.234.1.49:8080")
    await story.done()
    await move(50)
    expect(story.scripts).toHaveLength(7)
    story.put("bb", "10.234.0.6")
    await story.done()
    expect(story.scripts).toHaveLength(8)
    expect(story.scripts[7]).toContain("dnat to 10.234.1.50:8080")
    expect(story.scripts[7]).toContain("dnat to 10.234.0.6:8080")
    await move(51)
    await story.follower[Symbol.asyncDispose]()
    expect(story.scripts).toHaveLength(8)
  })

  it("replaces the table whole, with all that is known, when somebody has taken it away", async () => {
    const story = new Story()
    await story.start()
    story.put("a", "10.234.0.5")
    await story.done()
    const replaced = story.follower.replaceAll()
    await story.done()
    await replaced
    expect(story.scripts).toHaveLength(3)
    expect(story.scripts[2]).toContain("delete table ip wick")
    expect(story.scripts[2]).toContain("dnat to 10.234.0.5:8080")
  })

  it("replaces the table whole after a failure, and waits longer each time", async () => {
    const story = new Story()
    await story.start()
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
