import { describe, expect, it } from "vitest"
import { ConfigMap } from "../api/core/config-map.ts"
import { createClient } from "../client/index.ts"
import { SimulatedClock } from "../clock/index.ts"
import { silentLog } from "../telemetry/log.ts"
import { ScriptedWatch, type SeenRequest, scriptedFetch, settled } from "../testing/scripted-fetch.ts"
import { createInformer } from "./create-informer.ts"
import { createInformers } from "./informers.ts"

const map = (name: string, version: number) => ({
  metadata: { name, namespace: "default", resourceVersion: String(version), uid: name },
})

/** A server of which the test writes the state and feeds the newest watch. */
class Story {
  items: ReturnType<typeof map>[] = []
  version = 10
  readonly watches: ScriptedWatch[] = []
  readonly clock = new SimulatedClock()
  refuse: ((request: SeenRequest) => Response | undefined) | undefined
  readonly wire = scriptedFetch((request) => {
    const refusal = this.refuse?.(request)
    if (refusal) return refusal
    if (!request.path.includes("watch=true")) {
      return Response.json({ metadata: { resourceVersion: String(this.version) }, items: this.items })
    }
    const watch = new ScriptedWatch()
    this.watches.push(watch)
    return watch.response
  })
  readonly informer = createInformer(createClient({ fetch: this.wire.fetch }), ConfigMap, {}, this.clock, silentLog)

  get watch(): ScriptedWatch {
    return this.watches.at(-1) as ScriptedWatch
  }
  names(): string[] {
    return this.informer.list().map(({ metadata }) => metadata.name)
  }
  lists(): SeenRequest[] {
    return this.wire.requests.filter(({ path }) => !path.includes("watch=true"))
  }
  async synced(): Promise<void> {
    await this.informer.synced
    await this.clock.advance(0)
  }
}

describe("an informer", () => {
  it("keeps nothing of who owns which field", async () => {
    const story = new Story()
    const owned = (name: string, version: number) => {
      const item = map(name, version)
      return { ...item, metadata: { ...item.metadata, managedFields: [{ manager: "x" }] } }
    }
    story.items = [owned("a", 3)]
    await story.synced()
    story.watch.send({ type: "ADDED", object: owned("b", 11) })
    await settled()
    expect(story.informer.list().map(({ metadata }) => metadata.managedFields)).toEqual([undefined, undefined])
    await story.informer[Symbol.asyncDispose]()
  })

  it("lists, then follows the watch from the list's version", async () => {
    const story = new Story()
    story.items = [map("a", 3)]
    await story.synced()
    expect(story.names()).toEqual(["a"])
    expect(story.wire.requests[1]?.path).toContain("resourceVersion=10&allowWatchBookmarks=true")
    story.watch.send({ type: "ADDED", object: map("b", 11) }, { type: "DELETED", object: map("a", 12) })
    await settled()
    expect(story.names()).toEqual(["b"])
    await story.informer[Symbol.asyncDispose]()
    expect(story.watch.cancelled).toBe(true)
  })

  it("tells a listener first what is there, then every change after it is in the cache", async () => {
    const story = new Story()
    story.items = [map("a", 3)]
    await story.synced()
    const heard: string[] = []
    story.informer.onChange(({ before, after }) => {
      heard.push(`${before?.metadata.resourceVersion ?? "-"}→${after?.metadata.resourceVersion ?? "-"}`)
      expect(story.informer.get("a", "default")).toBe(after)
    })
    story.watch.send({ type: "MODIFIED", object: map("a", 11) }, { type: "DELETED", object: map("a", 12) })
    await settled()
    expect(heard).toEqual(["-→3", "3→11", "11→-"])
    await story.informer[Symbol.asyncDispose]()
  })

  it("goes on from the newest version it has seen after the connection was lost", async () => {
    const story = new Story()
    await story.synced()
    story.watch.send({ type: "BOOKMARK", object: { metadata: { resourceVersion: "25" } } })
    await settled()
    story.watch.fail(new Error("reset"))
    await story.clock.advance(50)
    expect(story.wire.requests.at(-1)?.path).toContain("resourceVersion=25")
    expect(story.lists()).toHaveLength(1)
    await story.informer[Symbol.asyncDispose]()
  })

  it("lists again at once when its version has expired, and tells what it missed", async () => {
    const story = new Story()
    story.items = [map("a", 3), map("b", 4)]
    await story.synced()
    const heard: string[] = []
    story.informer.onChange(({ after }) => heard.push(after?.metadata.name ?? "removal"))
    story.items = [map("b", 4), map("c", 30)]
    story.version = 40
    const expired = { kind: "Status", code: 410, reason: "Expired", message: "too old" }
    story.watch.send({ type: "ERROR", object: expired })
    await story.clock.advance(0)
    expect(story.names()).toEqual(["b", "c"])
    expect(heard).toEqual(["a", "b", "c", "removal"])
    expect(story.wire.requests.at(-1)?.path).toContain("resourceVersion=40")
    await story.informer[Symbol.asyncDispose]()
  })

  it("waits longer and longer while the server is away", async () => {
    const story = new Story()
    story.refuse = () => new Response("away", { status: 503 })
    await story.clock.advance(1_000)
    const early = story.wire.requests.length
    await story.clock.advance(60_000)
    expect(early).toBeLessThanOrEqual(6)
    expect(story.wire.requests.length - early).toBeLessThanOrEqual(15)
    story.refuse = undefined
    await story.clock.advance(5_000)
    await story.synced()
    await story.informer[Symbol.asyncDispose]()
  })

  it("does not spin when the server ends every watch at once", async () => {
    const story = new Story()
    story.refuse = ({ path }) => (path.includes("watch=true") ? new Response("") : undefined)
    await story.clock.advance(10_000)
    expect(story.wire.requests.length).toBeLessThan(12)
    await story.informer[Symbol.asyncDispose]()
  })

  it("opens the watch anew when it was silent for too long", async () => {
    const story = new Story()
    await story.synced()
    await story.clock.advance(149_000)
    expect(story.watches).toHaveLength(1)
    await story.clock.advance(2_000)
    expect(story.watches).toHaveLength(2)
    expect(story.watches[0]?.cancelled).toBe(true)
    await story.informer[Symbol.asyncDispose]()
  })

  it("reads a long list page by page", async () => {
    const story = new Story()
    story.refuse = ({ path }) => {
      if (path.includes("watch=true")) return undefined
      const rest = path.includes("continue=next")
      const metadata = { resourceVersion: "10", ...(!rest && { continue: "next" }) }
      return Response.json({ metadata, items: [map(rest ? "b" : "a", 3)] })
    }
    await story.synced()
    expect(story.names()).toEqual(["a", "b"])
    await story.informer[Symbol.asyncDispose]()
  })
})

describe("catching up", () => {
  it("is done at once when nothing has happened", async () => {
    const story = new Story()
    await story.synced()
    await story.informer.caughtUp()
    expect(story.lists()).toHaveLength(2)
    await story.informer[Symbol.asyncDispose]()
  })

  it("waits for the event that is on its way", async () => {
    const story = new Story()
    await story.synced()
    story.version = 11
    let caughtUp = false
    const waiting = story.informer.caughtUp().then(() => {
      caughtUp = true
    })
    await settled()
    expect(caughtUp).toBe(false)
    story.watch.send({ type: "ADDED", object: map("a", 11) })
    await waiting
    expect(story.names()).toEqual(["a"])
    expect(story.lists()).toHaveLength(2)
    await story.informer[Symbol.asyncDispose]()
  })

  it("lists when the watch brings nothing, and takes no older event afterwards", async () => {
    const story = new Story()
    await story.synced()
    story.version = 20
    story.items = [map("a", 15)]
    const waiting = story.informer.caughtUp()
    await story.clock.advance(5)
    await waiting
    expect(story.names()).toEqual(["a"])
    story.watch.send({ type: "ADDED", object: map("a", 12) }, { type: "DELETED", object: map("a", 13) })
    await settled()
    expect(story.informer.get("a", "default")?.metadata.resourceVersion).toBe("15")
    await story.informer[Symbol.asyncDispose]()
  })

  it("is asked of the server once for many who wait", async () => {
    const story = new Story()
    await story.synced()
    await Promise.all(Array.from({ length: 50 }, () => story.informer.caughtUp()))
    expect(story.lists().length).toBeLessThanOrEqual(3)
    await story.informer[Symbol.asyncDispose]()
  })
})

describe("the informers of a process", () => {
  it("are one where they select the same, however it is said", async () => {
    const { fetch } = scriptedFetch(() => new Response(null, { status: 503 }))
    await using informers = createInformers(createClient({ fetch }), new SimulatedClock(), silentLog)
    const one = informers(ConfigMap, { labelSelector: "app=web", fieldSelector: { "metadata.name": "a" } })
    const same = informers(ConfigMap, {
      labelSelector: { matchLabels: { app: "web" } },
      fieldSelector: "metadata.name=a",
      indexes: { app: () => [] },
    })
    expect(same).toBe(one)
    expect(informers(ConfigMap, { labelSelector: "app=api" })).not.toBe(one)
    expect(informers(ConfigMap, { labelSelector: "app=web" })).not.toBe(one)
  })
})
