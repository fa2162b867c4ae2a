import type { Kind, KindOf, KindReference, ListOf, NewOf } from "../api/kind.ts"
import { type Status, StatusError } from "../api/meta/status-error.ts"
import { assert } from "../assert.ts"
import type {
  Client,
  DeleteOptions,
  Fetch,
  ListOptions,
  Patch,
  PatchOptions,
  Reference,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "./client.ts"
import { queryString, resourcePath } from "./path.ts"
import { readWatch } from "./watch-stream.ts"

export interface ClientOptions {
  readonly fetch: Fetch
  /** Where paths begin; in process it only has to be a valid URL. */
  readonly baseUrl?: string
  readonly userAgent?: string
  /** Whose writes these are in managedFields, where a call does not say. */
  readonly fieldManager?: string
}

const patchTypes: Record<Patch["type"], string> = {
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
}

/** A typed client over one `fetch`: in process the API server's own, elsewhere `clusterFetch(…)`. */
export function createClient(options: ClientOptions): Client {
  return new FetchClient(options)
}

class FetchClient implements Client {
  readonly #fetch: Fetch
  readonly #baseUrl: string
  readonly #headers: Record<string, string>
  readonly #fieldManager: string | undefined

  constructor(options: ClientOptions) {
    this.#fetch = options.fetch
    this.#baseUrl = (options.baseUrl ?? "http://wick.internal").replace(/\/+$/, "")
    this.#headers = { accept: "application/json", ...(options.userAgent && { "user-agent": options.userAgent }) }
    this.#fieldManager = options.fieldManager
  }

  get<K extends Kind>(
    kind: K,
    reference: Reference,
    options: { resourceVersion?: string; signal?: AbortSignal } = {},
  ): Promise<KindOf<K>> {
    const { resourceVersion, signal } = options
    return this.#json("GET", resourcePath(kind, reference) + queryString({ resourceVersion }), undefined, signal)
  }

  list<K extends Kind>(kind: K, options: ListOptions = {}): Promise<ListOf<KindOf<K>>> {
    return this.#json("GET", listPath(kind, options), undefined, options.signal)
  }

  create<K extends Kind>(kind: K, object: NewOf<K>, options: WriteOptions = {}): Promise<KindOf<K>> {
    const path = resourcePath(kind, { namespace: object.metadata.namespace })
    assert(!kind.namespaced || object.metadata.namespace, `a new ${kind.kind} needs metadata.namespace`)
    return this.#json("POST", path + this.#writeQuery(options), typed(kind, object), options.signal)
  }

  update<K extends Kind>(kind: K, object: NewOf<K>, options: WriteOptions = {}): Promise<KindOf<K>> {
    return this.#put(kind, object, undefined, options)
  }

  updateStatus<K extends Kind>(kind: K, object: NewOf<K>, options: WriteOptions = {}): Promise<KindOf<K>> {
    return this.#put(kind, object, "status", options)
  }

  async patch<K extends Kind>(
    kind: K,
    reference: Reference,
    patch: Patch,
    options: PatchOptions = {},
  ): Promise<KindOf<K>> {
    const path = resourcePath(kind, { ...reference, subresource: options.subresource })
    const query = this.#writeQuery(options, options.force)
    const type = patchTypes[patch.type]
    const response = await this.#send("PATCH", path + query, JSON.stringify(patch.body), type, options.signal)
    return (await response.json()) as KindOf<K>
  }

  apply<K extends Kind>(
    kind: K,
    object: NewOf<K>,
    options: PatchOptions & { fieldManager: string },
  ): Promise<KindOf<K>> {
    return this.patch(kind, referenceOf(kind, object), { type: "apply", body: typed(kind, object) }, options)
  }

  async delete(kind: KindReference, reference: Reference, options: DeleteOptions = {}): Promise<void> {
    const { propagationPolicy, gracePeriodSeconds, preconditions, dryRun, signal } = options
    const body = [propagationPolicy, gracePeriodSeconds, preconditions].some((option) => option !== undefined)
      ? JSON.stringify({
          kind: "DeleteOptions",
          apiVersion: "v1",
          propagationPolicy,
          gracePeriodSeconds,
          preconditions,
        })
      : undefined
    const query = queryString({ dryRun: dryRun ? "All" : undefined })
    const response = await this.#send("DELETE", resourcePath(kind, reference) + query, body, jsonType, signal)
    await response.body?.cancel()
  }

  async *watch<K extends Kind>(kind: K, options: WatchOptions = {}): AsyncGenerator<WatchEvent<KindOf<K>>, void> {
    const response = await this.#send("GET", watchPath(kind, options), undefined, undefined, options.signal)
    assert(response.body, "a watch is answered with a body")
    for await (const events of readWatch<KindOf<K>>(response.body, options.signal)) yield* events
  }

  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    for (const name in this.#headers) if (!headers.has(name)) headers.set(name, this.#headers[name] as string)
    return accepted(await this.#fetch(new Request(this.#baseUrl + path, { ...init, headers })))
  }

  #put<K extends Kind>(
    kind: K,
    object: NewOf<K>,
    subresource: string | undefined,
    options: WriteOptions,
  ): Promise<KindOf<K>> {
    const path = resourcePath(kind, { ...referenceOf(kind, object), subresource })
    return this.#json("PUT", path + this.#writeQuery(options), typed(kind, object), options.signal)
  }

  #writeQuery(options: WriteOptions, force?: boolean): string {
    return queryString({
      fieldManager: options.fieldManager ?? this.#fieldManager,
      fieldValidation: options.fieldValidation,
      dryRun: options.dryRun ? "All" : undefined,
      force,
    })
  }

  async #json<Answer>(method: string, path: string, body: unknown, signal: AbortSignal | undefined): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const response = await this.#send(method, path, text, jsonType, signal)
    return (await response.json()) as Answer
  }

  async #send(
    method: string,
    path: string,
    body: string | undefined,
    contentType: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const headers =
      body === undefined || contentType === undefined
        ? this.#headers
        : { ...this.#headers, "content-type": contentType }
    const init: RequestInit = { method, headers }
    if (body !== undefined) init.body = body
    if (signal) init.signal = signal
    return accepted(await this.#fetch(new Request(this.#baseUrl + path, init)))
  }
}

const jsonType = "application/json"

export function listPath(kind: KindReference, options: ListOptions): string {
  const query = queryString({
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    limit: options.limit,
    continue: options.continue,
    resourceVersion: options.resourceVersion,
    resourceVersionMatch: options.resourceVersionMatch,
  })
  return resourcePath(kind, { namespace: options.namespace }) + query
}

export function watchPath(kind: KindReference, options: WatchOptions): string {
  const query = queryString({
    watch: true,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    resourceVersion: options.resourceVersion,
    resourceVersionMatch: options.resourceVersionMatch,
    allowWatchBookmarks: options.allowWatchBookmarks,
    sendInitialEvents: options.sendInitialEvents,
    timeoutSeconds: options.timeoutSeconds,
  })
  return resourcePath(kind, { namespace: options.namespace }) + query
}

function referenceOf<K extends Kind>(kind: K, object: NewOf<K>): Reference {
  const { name, namespace } = object.metadata
  assert(name, `a ${kind.kind} is written under its metadata.name`)
  return namespace === undefined ? { name } : { name, namespace }
}

function typed<K extends Kind>(kind: K, object: NewOf<K>): unknown {
  return { apiVersion: kind.apiVersion, kind: kind.kind, ...object }
}

/** The response, or its no as a `StatusError`. Servers and proxies that answer no `Status` are understood by code. */
async function accepted(response: Response): Promise<Response> {
  if (response.ok) return response
  const text = await response.text().catch(() => "")
  const status = statusOf(text) ?? { message: text.slice(0, 1000) || `the server answered ${response.status}` }
  const retryAfter = Number(response.headers.get("retry-after"))
  if (retryAfter > 0) status.details = { ...status.details, retryAfterSeconds: retryAfter }
  throw StatusError.from(status, response.status)
}

function statusOf(text: string): Partial<Status> | undefined {
  if (!text.startsWith("{")) return undefined
  try {
    const parsed = JSON.parse(text) as Partial<Status>
    return parsed.kind === "Status" ? parsed : undefined
  } catch {
    return undefined
  }
}
