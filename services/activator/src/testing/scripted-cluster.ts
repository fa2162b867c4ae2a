import { type Client, createClient } from "@wick/sdk/client"
import {
  type IngressSpecView,
  type PathView,
  type RuleView,
  revisionHeader,
  type SplitView,
} from "../cluster/ingress-view.ts"

/** By which the platform's services know each other. */
export const adminKey = Buffer.alloc(32, 7)

interface Stored {
  metadata: { name: string; namespace: string; uid: string; resourceVersion: string }
}

/** An API server as far as a watcher sees one: the test puts and removes objects, lists and watches follow. */
export class ScriptedCluster {
  readonly client: Client
  #version = 1
  readonly #objects = new Map<string, Map<string, Stored>>()
  readonly #watchers = new Map<string, Set<(line: string) => void>>()
  /** Paths of what was ever listed. */
  readonly listed = new Set<string>()
  /** Set to make every request fail, as when the server is away. */
  away = false

  constructor() {
    const metadata = { name: "activator-admin-key", namespace: "knative-serving" }
    this.put("secrets", { metadata, data: { key: adminKey.toString("base64") } })
    this.client = createClient({ fetch: (request) => this.#answer(request) })
  }

  put(
    plural: string,
    object: { metadata: { name: string } & Record<string, unknown>; [field: string]: unknown },
  ): void {
    const known = this.#of(plural).get(object.metadata.name)
    const metadata = {
      namespace: "default",
      uid: known?.metadata.uid ?? `${plural}-${object.metadata.name}-${this.#version}`,
      ...object.metadata,
      resourceVersion: String(++this.#version),
    }
    const stored = { ...object, metadata }
    this.#of(plural).set(metadata.name, stored)
    this.#tell(plural, known ? "MODIFIED" : "ADDED", stored)
  }

  remove(plural: string, name: string): void {
    const known = this.#of(plural).get(name)
    if (known === undefined) return
    this.#of(plural).delete(name)
    this.#tell(plural, "DELETED", {
      ...known,
      metadata: { ...known.metadata, resourceVersion: String(++this.#version) },
    })
  }

  /** Hosts that lead to revisions by percent, and tags with hosts of their own. */
  route(name: string, split: Readonly<Record<string, number>>, tags: Readonly<Record<string, string>> = {}): void {
    const byPercent = Object.entries(split).map(([revision, percent]) => splitTo(revision, percent))
    this.ingress(name, {
      rules: [
        rule(`${name}.test`, { splits: byPercent }),
        ...Object.entries(tags).map(([tag, revision]) => rule(`${tag}-${name}.test`, { splits: [splitTo(revision)] })),
      ],
    })
  }

  ingress(name: string, spec: IngressSpecView, metadata: Record<string, unknown> = {}): void {
    this.put("ingresses", { metadata: { name, generation: this.#version, ...metadata }, spec })
  }

  revision(name: string, port: number, spec: Record<string, unknown> = {}, portName = "http1"): void {
    const containers = [{ ports: [{ containerPort: port, name: portName }] }]
    this.put("revisions", { metadata: { name }, spec: { containers, ...spec } })
  }

  pod(name: string, revision: string, address?: string, more: Record<string, unknown> = {}): void {
    const labels = { "serving.knative.dev/revision": revision }
    this.put("pods", { metadata: { name, labels, ...more }, status: { phase: "Running", podIP: address } })
  }

  #of(plural: string): Map<string, Stored> {
    let objects = this.#objects.get(plural)
    if (objects === undefined) {
      objects = new Map()
      this.#objects.set(plural, objects)
    }
    return objects
  }

  #tell(plural: string, type: string, object: unknown): void {
    for (const send of this.#watchers.get(plural) ?? []) send(`${JSON.stringify({ type, object })}\n`)
  }

  async #answer(request: Request): Promise<Response> {
    if (this.away) throw new Error("connection refused")
    const { pathname, searchParams } = new URL(request.url)
    const plural = pathname.split("/").at(-1) ?? ""
    if (searchParams.get("watch") !== "true") {
      this.listed.add(pathname)
      const items = [...this.#of(plural).values()]
      return Response.json({ metadata: { resourceVersion: String(this.#version) }, items })
    }
    const watchers = this.#watchers.get(plural) ?? new Set()
    this.#watchers.set(plural, watchers)
    let send: (line: string) => void
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        send = (line) => controller.enqueue(new TextEncoder().encode(line))
        watchers.add(send)
      },
      cancel: () => void watchers.delete(send),
    })
    return new Response(body, { headers: { "content-type": "application/json" } })
  }
}

/** A share of the requests for a revision, as the controller writes it. */
export function splitTo(revision: string, percent = 100): SplitView {
  return { serviceName: revision, serviceNamespace: "default", percent, appendHeaders: { [revisionHeader]: revision } }
}

export function rule(host: string, ...paths: readonly PathView[]): RuleView {
  return { hosts: [host], visibility: "ExternalIP", http: { paths } }
}
