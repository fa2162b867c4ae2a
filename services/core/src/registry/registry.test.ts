import { systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { binaryImage, digestOf, parseImageReference, pushImage, textEntry } from "@wick/sdk/oci"
import { scratchDirectory } from "@wick/sdk/testing/scratch"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Registry, startRegistry } from "./index.ts"

const directory = scratchDirectory("registry")
let registry: Registry
let url: string

const start = async (): Promise<void> => {
  registry = await startRegistry({ directory, host: "127.0.0.1", port: 0, clock: systemClock, log: silentLog })
  url = `http://${registry.address}/v2`
}
beforeAll(start)
afterAll(() => registry[Symbol.asyncDispose]())

const image = binaryImage([textEntry("/hello", "hi", 0o755)], { entrypoint: ["/hello"] })
const push = (name: string) => {
  const reference = parseImageReference(name, registry.address)
  if (!reference) throw new Error(name)
  return pushImage(image, reference)
}
const layer = Buffer.from("some bytes of a layer")
const location = async (): Promise<URL> => {
  const response = await fetch(`${url}/a/b/blobs/uploads/`, { method: "POST" })
  expect(response.status).toBe(202)
  return new URL(response.headers.get("location") ?? "", url)
}

describe("an image", () => {
  it("is pulled as it was pushed, by tag and by digest", async () => {
    const { digest } = await push("team/hello:v1")
    for (const reference of ["v1", digest]) {
      const response = await fetch(`${url}/team/hello/manifests/${reference}`)
      expect(response.headers.get("docker-content-digest")).toBe(digest)
      expect(digestOf(new Uint8Array(await response.arrayBuffer()))).toBe(digest)
    }
    expect(await (await fetch(`${url}/team/hello/tags/list`)).json()).toEqual({ name: "team/hello", tags: ["v1"] })
  })

  it("is pushed a second time without sending a byte", async () => {
    await push("again:v1")
    expect(await push("again:v2")).toMatchObject({ pushedBytes: 0 })
  })

  it("that is not there is said so", async () => {
    const response = await fetch(`${url}/none/manifests/latest`)
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ errors: [{ code: "MANIFEST_UNKNOWN" }] })
  })

  it("is still there after a restart, and what no image names is not", async () => {
    const { digest } = await push("kept:v1")
    const at = await location()
    const orphan = digestOf(layer)
    at.searchParams.set("digest", orphan)
    await fetch(at, { method: "PUT", body: layer })
    await registry[Symbol.asyncDispose]()
    await start()
    expect((await fetch(`${url}/kept/manifests/${digest}`, { method: "HEAD" })).status).toBe(200)
    expect((await fetch(`${url}/a/b/blobs/${orphan}`, { method: "HEAD" })).status).toBe(404)
  })
})

describe("an upload", () => {
  it("in chunks becomes one blob, and is read in parts", async () => {
    const at = await location()
    const half = layer.length / 2
    const chunk = (from: number, to: number) => ({ "content-range": `${from}-${to - 1}` })
    await fetch(at, { method: "PATCH", body: layer.subarray(0, half), headers: chunk(0, Math.floor(half)) })
    const wrong = await fetch(at, {
      method: "PATCH",
      body: layer.subarray(half),
      headers: { "content-range": "99-100" },
    })
    expect(wrong.status).toBe(416)
    await fetch(at, { method: "PATCH", body: layer.subarray(half) })
    const digest = digestOf(layer)
    at.searchParams.set("digest", digest)
    expect((await fetch(at, { method: "PUT" })).status).toBe(201)
    const part = await fetch(`${url}/a/b/blobs/${digest}`, { headers: { range: "bytes=5-9" } })
    expect([part.status, await part.text()]).toEqual([206, layer.subarray(5, 10).toString()])
  })

  it("whose content is another than its digest says is refused and not kept", async () => {
    const at = await location()
    const digest = digestOf(Buffer.from("other"))
    at.searchParams.set("digest", digest)
    const response = await fetch(at, { method: "PUT", body: layer })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ errors: [{ code: "DIGEST_INVALID" }] })
    expect((await fetch(`${url}/a/b/blobs/${digest}`, { method: "HEAD" })).status).toBe(404)
  })
})

it("refuses a manifest whose layers are not there", async () => {
  const missing = { digest: digestOf(Buffer.from("missing")) }
  const body = JSON.stringify({ schemaVersion: 2, config: missing, layers: [] })
  const response = await fetch(`${url}/a/b/manifests/v1`, { method: "PUT", body })
  expect(await response.json()).toMatchObject({ errors: [{ code: "MANIFEST_BLOB_UNKNOWN" }] })
})
