import { createClient } from "@wick/sdk/client"
import { systemClock } from "@wick/sdk/clock"
import { createInformers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"

/** An API that holds Services and EndpointSlices; `put` changes what the watches tell. */
export class ScriptedCluster {
  #version = 1
  readonly #objects = new Map<string, { metadata: object }>()
  readonly #watches = new Map<string, ReadableStreamDefaultController<Uint8Array>>()
  readonly informers = createInformers(
    createClient({ fetch: async (request) => this.#answer(new URL(request.url)) }),
    systemClock,
    silentLog,
  )

  put(plural: string, name: string, object: object): void {
    const key = `${plural}/${name}`
    const type = this.#objects.has(key) ? "MODIFIED" : "ADDED"
    const metadata = { name, namespace: "default", uid: name, resourceVersion: String(++this.#version) }
    const labels = { "kubernetes.io/service-name": name }
    const stored = { ...object, metadata: { ...metadata, labels } }
    this.#objects.set(key, stored)
    const line = `${JSON.stringify({ type, object: stored })}\n`
    this.#watches.get(plural)?.enqueue(new TextEncoder().encode(line))
  }

  #answer(url: URL): Response {
    const plural = url.pathname.split("/").at(-1) ?? ""
    if (url.searchParams.get("watch") === "true") {
      return new Response(new ReadableStream({ start: (controller) => void this.#watches.set(plural, controller) }))
    }
    const items = [...this.#objects].filter(([key]) => key.startsWith(`${plural}/`)).map(([, object]) => object)
    return Response.json({ metadata: { resourceVersion: String(this.#version) }, items })
  }
}
