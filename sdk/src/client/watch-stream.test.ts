import { describe, expect, it } from "vitest"
import { ScriptedWatch } from "../testing/scripted-fetch.ts"
import { readWatch, WatchDecoder } from "./watch-stream.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const line = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`

describe("a watch's bytes", () => {
  it("become the same events however they are cut", () => {
    const stream = bytes(line("ADDED", { n: "grün" }) + line("MODIFIED", { n: "😀" }) + line("DELETED", { n: 3 }))
    for (let size = 1; size <= stream.length; size++) {
      const decoder = new WatchDecoder()
      const events = []
      for (let at = 0; at < stream.length; at += size) events.push(...decoder.push(stream.subarray(at, at + size)))
      expect(events).toEqual([
        { type: "ADDED", object: { n: "grün" } },
        { type: "MODIFIED", object: { n: "😀" } },
        { type: "DELETED", object: { n: 3 } },
      ])
    }
  })

  it("give the events before an ERROR, then throw it", () => {
    const decoder = new WatchDecoder()
    const error = line("ERROR", { kind: "Status", code: 410, reason: "Expired", message: "too old" })
    expect(decoder.push(bytes(line("ADDED", {}) + error))).toHaveLength(1)
    expect(() => decoder.finish()).toThrow("too old")
  })

  it("throw an ERROR that stands alone at once", () => {
    const error = line("ERROR", { kind: "Status", code: 410, reason: "Expired", message: "too old" })
    expect(() => new WatchDecoder().push(bytes(error))).toThrow("too old")
  })
})

describe("reading a watch", () => {
  it("ends quietly and lets the body go when its signal aborts", async () => {
    const watch = new ScriptedWatch()
    const stop = new AbortController()
    watch.send({ type: "ADDED", object: {} })
    const seen = []
    for await (const events of readWatch(watch.response.body as ReadableStream<Uint8Array>, stop.signal)) {
      seen.push(...events)
      stop.abort()
    }
    expect(seen).toHaveLength(1)
    expect(watch.cancelled).toBe(true)
  })

  it("throws what the connection was lost with", async () => {
    const watch = new ScriptedWatch()
    watch.fail(new Error("socket hang up"))
    const read = readWatch(watch.response.body as ReadableStream<Uint8Array>)
    await expect(read.next()).rejects.toThrow("socket hang up")
  })
})
