import { join } from "node:path"
import { type Clock, SimulatedClock, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { binaryImage, parseImageReference, pushImage, textEntry } from "@wick/sdk/oci"
import { scratchDirectory } from "@wick/sdk/testing/scratch"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type OtherRegistry, type Registry, startRegistry } from "./index.ts"

/** Hosts with a registry each, which know the others that are not away. */
class Hosts implements AsyncDisposable {
  readonly directory = scratchDirectory("registries")
  readonly registries: Registry[] = []
  readonly away = new Set<number>()
  /** What was had of other hosts: `0 GET /v2/…`, and what was asked of those that are away. */
  readonly had: string[] = []
  readonly refused: string[] = []
  /** These say nothing until they are told to answer; then who still waits is answered. */
  readonly slow = new Set<number>()
  /** How many more answers of each only say that it is too busy. */
  readonly busy = new Map<number, number>()
  readonly waiting: { readonly line: string; answer(): void }[] = []

  async add(clock: Clock = new SimulatedClock(1_000_000)): Promise<Registry> {
    const own = this.registries.length
    const others = () => this.registries.flatMap((_, at) => (at === own ? [] : [this.#other(at)]))
    const directory = join(this.directory, String(own))
    const given = { directory, host: "127.0.0.1", port: 0, others, clock, log: silentLog }
    const registry = await startRegistry(given)
    this.registries.push(registry)
    return registry
  }

  #other(at: number): OtherRegistry {
    return {
      name: String(at),
      ask: async (path, { method, signal }) => {
        if (this.slow.has(at)) await this.#wait(`${at} ${method} ${path}`, signal)
        const registry = this.away.has(at) ? undefined : this.registries[at]
        if (!registry) {
          this.refused.push(`${at} ${method} ${path}`)
          throw new Error("gone")
        }
        const busy = this.busy.get(at) ?? 0
        if (busy > 0) {
          this.busy.set(at, busy - 1)
          return new Response("busy", { status: 503 })
        }
        const answer = await registry.own(new Request(`http://registry${path}`, { method }))
        if (answer.ok) this.had.push(`${at} ${method} ${path}`)
        return answer
      },
    }
  }

  #wait(line: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ line, answer: resolve })
      signal.addEventListener("abort", () => reject(new Error("late")))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.registries.map((registry) => registry[Symbol.asyncDispose]()))
  }
}

let hosts: Hosts
beforeEach(() => {
  hosts = new Hosts()
})
afterEach(() => hosts[Symbol.asyncDispose]())

async function push({ address }: Registry, name: string, text: string): Promise<string> {
  const reference = parseImageReference(name, address)
  if (!reference) throw new Error(name)
  const image = binaryImage([textEntry("/hello", text, 0o755)], { entrypoint: ["/hello"] })
  return (await pushImage(image, reference)).digest
}

interface Pulled {
  readonly digest: string
  readonly layers: number
}

/** As containerd does: the manifest, then all that it names. */
async function pull({ address }: Registry, reference: string): Promise<Pulled | undefined> {
  const response = await fetch(`http://${address}/v2/a/hello/manifests/${reference}`)
  const digest = response.headers.get("docker-content-digest") ?? ""
  if (!response.ok) return void (await response.body?.cancel())
  const { config, layers } = (await response.json()) as { config: { digest: string }; layers: { digest: string }[] }
  const parts = [config, ...layers].map(async (part) => {
    const blob = await fetch(`http://${address}/v2/a/hello/blobs/${part.digest}`)
    expect(blob.status).toBe(200)
    await blob.arrayBuffer()
  })
  await Promise.all(parts)
  return { digest, layers: layers.length }
}

it("an image that was pushed to one host is pulled on every other, each part fetched once", async () => {
  const [first, second, third] = [await hosts.add(), await hosts.add(), await hosts.add()]
  const digest = await push(second, "a/hello:v1", "hi")
  expect(await pull(first, "v1")).toMatchObject({ digest, layers: 1 })
  expect(await pull(third, digest)).toMatchObject({ digest })
  // Two hosts fetched a configuration and a layer, though each was asked for by who pulls and by who keeps.
  expect(hosts.had.filter((line) => line.includes("/blobs/"))).toHaveLength(4)
})

it("an image that was pulled on another host outlives the one to which it was pushed", async () => {
  const [first, second] = [await hosts.add(), await hosts.add()]
  const digest = await push(second, "a/hello:v1", "hi")
  await pull(first, digest)
  hosts.away.add(1)
  await expect.poll(() => pull(first, digest)).toMatchObject({ digest })
})

it("a tag is what was pushed last, wherever that was, and also where clocks differ", async () => {
  const late = await hosts.add(new SimulatedClock(9_000_000))
  const early = await hosts.add(new SimulatedClock(1_000_000))
  await push(late, "a/hello:v1", "one")
  const second = await push(early, "a/hello:v1", "two")
  expect(await pull(late, "v1")).toMatchObject({ digest: second })
  const third = await push(late, "a/hello:v1", "three")
  for (const registry of [early, late]) expect(await pull(registry, "v1")).toMatchObject({ digest: third })
})

it("hosts that are gone are passed over: what is here is served, what is nowhere is said not to be", async () => {
  const [first] = [await hosts.add(systemClock), await hosts.add()]
  const digest = await push(first as Registry, "a/hello:v1", "hi")
  hosts.away.add(1)
  expect(await pull(first as Registry, "v1")).toMatchObject({ digest })
  expect(await pull(first as Registry, "v2")).toBeUndefined()
})

it.each(["by its tag", "by its digest"])(
  "an image that only a host has which is slow to answer is waited for, %s",
  async (how) => {
    const clock = new SimulatedClock(1_000_000)
    const [first, second] = [await hosts.add(clock), await hosts.add()]
    hosts.slow.add(1)
    const digest = await push(second, "a/hello:v1", "hi")
    const reference = how === "by its tag" ? "v1" : digest
    const line = `1 ${how === "by its tag" ? "HEAD" : "GET"} /v2/a/hello/manifests/${reference}`
    const asked = () => hosts.waiting.filter((one) => one.line === line)
    const pulled = pull(first, reference)
    await expect.poll(asked).not.toEqual([])
    const before = asked().length
    await clock.advance(1_000)
    await expect.poll(() => asked().length).toBeGreaterThan(before)
    hosts.slow.clear()
    for (const { answer } of hosts.waiting) answer()
    expect(await pulled).toMatchObject({ digest })
  },
)

it("an image that only a host has which is too busy to look is asked for again", async () => {
  const [first, second] = [await hosts.add(), await hosts.add()]
  const digest = await push(second, "a/hello:v1", "hi")
  hosts.busy.set(1, 1)
  expect(await pull(first, digest)).toMatchObject({ digest })
})

describe("a tag", () => {
  it("is known on every host soon after its push, with its image: the one that took it may be lost", async () => {
    const [first, second, third] = [await hosts.add(), await hosts.add(), await hosts.add()]
    const digest = await push(second, "a/hello:v1", "hi")
    const known = async (registry: Registry) => (await ownTag(registry, "v1"))?.digest
    await expect.poll(async () => [await known(first), await known(third)]).toEqual([digest, digest])
    hosts.away.add(1)
    expect(await pull(first, "v1")).toMatchObject({ digest })
    expect(await pull(third, "v1")).toMatchObject({ digest })
  })

  it("is told to a host that was away when it is back, and one that begins anew asks for all there are", async () => {
    const clock = new SimulatedClock(1_000_000)
    const [first] = [await hosts.add(clock), await hosts.add()]
    hosts.away.add(1)
    const digest = await push(first as Registry, "a/hello:v1", "hi")
    await expect.poll(() => hosts.refused).toContain("1 POST /v2/a/hello/tags/v1")
    hosts.away.clear()
    const late = await hosts.add()
    await expect.poll(() => ownTag(late, "v1")).toMatchObject({ digest })
    const told = async () => {
      await clock.advance(1_000)
      return ownTag(hosts.registries[1] as Registry, "v1")
    }
    await expect.poll(told).toMatchObject({ digest })
  })

  it("that is removed on one host is removed on all, also where its image has been pulled", async () => {
    const [first, second, third] = [await hosts.add(), await hosts.add(), await hosts.add()]
    const digest = await push(second, "a/hello:v1", "hi")
    await push(second, "a/hello:v2", "hi")
    await expect.poll(() => ownTag(first, "v2")).toMatchObject({ digest })
    const removed = await fetch(`http://${first.address}/v2/a/hello/manifests/v1`, { method: "DELETE" })
    expect(removed.status).toBe(202)
    expect(await pull(third, "v1")).toBeUndefined()
    await expect.poll(() => ownTag(second, "v1")).toBeUndefined()
    const list = await fetch(`http://${second.address}/v2/a/hello/tags/list`)
    expect(await list.json()).toEqual({ name: "a/hello", tags: ["v2"] })
    const again = await push(third, "a/hello:v1", "once more")
    for (const registry of [first, second, third]) expect(await pull(registry, "v1")).toMatchObject({ digest: again })
  })
})

/** As the registry of this host alone knows it. */
async function ownTag({ own }: Registry, tag: string): Promise<{ digest: string } | undefined> {
  const answer = await own(new Request(`http://registry/v2/a/hello/manifests/${tag}`))
  return answer.ok ? { digest: answer.headers.get("docker-content-digest") ?? "" } : undefined
}
