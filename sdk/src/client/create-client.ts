import type { WebSocket } from "ws"
import type { Kind, KindOf, KindReference, ListOf, NewOf } from "../api/kind.ts"
import { formatFieldSelector } from "../api/meta/field-selector.ts"
import { formatSelector } from "../api/meta/selector-text.ts"
import { assert } from "../assert.ts"
import type {
  Client,
  DeleteOptions,
  Fetch,
  GetOptions,
  ListOptions,
  PartialObject,
  Patch,
  PatchOptions,
  Reference,
  RequestManner,
  Selecting,
  UpdateOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "./client.ts"
import { queryString, resourcePath } from "./path.ts"
import { refusalOf } from "./refusal.ts"
import { askForShared } from "./shared-objects.ts"
import { readWatch } from "./watch-stream.ts"
import type { OpenWebSocket } from "./web-socket.ts"

export interface ClientOptions {
  readonly fetch: Fetch
  /** Makes what `fetch` is given; the web's own Request unless told. Headers come as a record of lower-case names, or as Headers. */
  readonly newRequest?: (url: string, init: RequestInit) => Request
  /** How connections for exec, attach and port-forward are opened; `clusterFetch` has one. */
  readonly openWebSocket?: OpenWebSocket
  /** Where paths begin; in process it only has to be a valid URL. */
  readonly baseUrl?: string
  readonly userAgent?: string
  /** Whose writes these are in managedFields, where a call does not say. */
  readonly fieldManager?: string
  /** Hears what the server warns of, a line at a time: deprecated versions, unknown fields, policies that only warn. */
  readonly onWarning?: (warning: string) => void
}

/** The media type of each kind of patch. */
export const patchTypes: Record<Patch["type"], string> = {
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
  readonly #newRequest: (url: string, init: RequestInit) => Request
  readonly #baseUrl: string
  readonly #headers: Record<string, string>
  readonly #fieldManager: string | undefined
  readonly #openWebSocket: OpenWebSocket | undefined
  readonly #onWarning: ((warning: string) => void) | undefined

  constructor(options: ClientOptions) {
    this.#fetch = options.fetch
    this.#newRequest = options.newRequest ?? ((url, init) => new Request(url, init))
    this.#baseUrl = (options.baseUrl ?? "http://wick.internal").replace(/\/+$/, "")
    this.#headers = { accept: "application/json", ...(options.userAgent && { "user-agent": options.userAgent }) }
    this.#fieldManager = options.fieldManager
    this.#openWebSocket = options.openWebSocket
    this.#onWarning = options.onWarning
  }

  get<K extends Kind>(kind: K, reference: Reference, options: GetOptions = {}): Promise<KindOf<K>> {
    return this.#json("GET", itemPath(kind, reference, options), undefined, options)
  }

  list<K extends Kind>(kind: K, options: ListOptions = {}): Promise<ListOf<KindOf<K>>> {
    return this.#json("GET", listPath(kind, options), undefined, options)
  }

  create<K extends Kind>(kind: K, object: NewOf<K>, options: WriteOptions = {}): Promise<KindOf<K>> {
    const path = resourcePath(kind, { namespace: object.metadata.namespace })
    assert(!kind.namespaced || object.metadata.namespace, `a new ${kind.kind} needs metadata.namespace`)
    return this.#json("POST", path + this.#writeQuery(options), typed(kind, object), options)
  }

  update<K extends Kind>(kind: K, object: NewOf<K>, options: UpdateOptions = {}): Promise<KindOf<K>> {
    return this.#put(kind, object, options.subresource, options)
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
    const response = await this.#send("PATCH", path + query, JSON.stringify(patch.body), type, options)
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
    await this.#delete(resourcePath(kind, reference) + dryRunQuery(options), options)
  }

  async deleteCollection(kind: KindReference, options: Selecting & DeleteOptions): Promise<void> {
    const query = queryString({ ...selectors(options), dryRun: options.dryRun ? "All" : undefined })
    await this.#delete(resourcePath(kind, { namespace: options.namespace }) + query, options)
  }

  watch<K extends Kind>(kind: K, options: WatchOptions = {}): AsyncGenerator<WatchEvent<KindOf<K>>, void> {
    return this.#watch(watchPath(kind, options), this.#headers, options.signal)
  }

  async getMetadata(kind: KindReference, reference: Reference, options: GetOptions = {}): Promise<PartialObject> {
    const headers = metadataOnly("PartialObjectMetadata")
    const response = await this.request(itemPath(kind, reference, options), requestInit(headers, options.signal))
    return (await response.json()) as PartialObject
  }

  async listMetadata(kind: KindReference, options: ListOptions = {}): Promise<ListOf<PartialObject>> {
    const headers = metadataOnly("PartialObjectMetadataList")
    const response = await this.request(listPath(kind, options), requestInit(headers, options.signal))
    return (await response.json()) as ListOf<PartialObject>
  }

  watchMetadata(kind: KindReference, options: WatchOptions = {}): AsyncGenerator<WatchEvent<PartialObject>, void> {
    const headers = { ...this.#headers, ...metadataOnly("PartialObjectMetadata") }
    return this.#watch(watchPath(kind, options), headers, options.signal)
  }

  async request(path: string, init: RequestInit = {}, { shared = false }: RequestManner = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    for (const name in this.#headers) if (!headers.has(name)) headers.set(name, this.#headers[name] as string)
    const request = this.#newRequest(this.#baseUrl + path, { ...init, headers })
    if (shared) askForShared(request)
    return this.#accepted(request)
  }

  async openWebSocket(path: string, protocols: readonly string[], signal?: AbortSignal): Promise<WebSocket> {
    assert(this.#openWebSocket, "exec, attach and port-forward need a client that was given openWebSocket")
    return this.#openWebSocket(this.#baseUrl + path, protocols, signal)
  }

  async *#watch<Item>(
    path: string,
    headers: Record<string, string>,
    signal?: AbortSignal,
  ): AsyncGenerator<WatchEvent<Item>, void> {
    const response = await this.#accepted(this.#newRequest(this.#baseUrl + path, requestInit(headers, signal)))
    assert(response.body, "a watch is answered with a body")
    for await (const events of readWatch<Item>(response.body, signal)) yield* events
  }

  async #delete(path: string, options: DeleteOptions): Promise<void> {
    const { propagationPolicy, gracePeriodSeconds, preconditions } = options
    const body = [propagationPolicy, gracePeriodSeconds, preconditions].some((option) => option !== undefined)
      ? JSON.stringify({
          kind: "DeleteOptions",
          apiVersion: "v1",
          propagationPolicy,
          gracePeriodSeconds,
          preconditions,
        })
      : undefined
    const response = await this.#send("DELETE", path, body, jsonType, options)
    await response.body?.cancel()
  }

  #put<K extends Kind>(
    kind: K,
    object: NewOf<K>,
    subresource: string | undefined,
    options: WriteOptions,
  ): Promise<KindOf<K>> {
    const path = resourcePath(kind, { ...referenceOf(kind, object), subresource })
    return this.#json("PUT", path + this.#writeQuery(options), typed(kind, object), options)
  }

  #writeQuery(options: WriteOptions, force?: boolean): string {
    return queryString({
      fieldManager: options.fieldManager ?? this.#fieldManager,
      fieldValidation: options.fieldValidation,
      dryRun: options.dryRun ? "All" : undefined,
      force,
    })
  }

  async #json<Answer>(method: string, path: string, body: unknown, sending: Sending): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const response = await this.#send(method, path, text, jsonType, sending)
    return (await response.json()) as Answer
  }

  async #send(
    method: string,
    path: string,
    body: string | undefined,
    contentType: string | undefined,
    { signal, traceparent }: Sending,
  ): Promise<Response> {
    const headers =
      body === undefined || contentType === undefined
        ? this.#headers
        : { ...this.#headers, "content-type": contentType, ...(traceparent !== undefined && { traceparent }) }
    const init: RequestInit = { method, headers }
    if (body !== undefined) init.body = body
    if (signal) init.signal = signal
    return this.#accepted(this.#newRequest(this.#baseUrl + path, init))
  }

  async #accepted(request: Request): Promise<Response> {
    const response = await this.#fetch(request)
    if (this.#onWarning) for (const warning of warningsOf(response)) this.#onWarning(warning)
    return accepted(response)
  }
}

type Sending = Pick<WriteOptions, "signal" | "traceparent">

const jsonType = "application/json"

/** Asks for the metadata alone; a server that cannot (`406`) says so. */
function metadataOnly(kind: "PartialObjectMetadata" | "PartialObjectMetadataList"): Record<string, string> {
  return { accept: `application/json;as=${kind};g=meta.k8s.io;v=v1` }
}

function requestInit(headers: Record<string, string>, signal: AbortSignal | undefined): RequestInit {
  return signal ? { headers, signal } : { headers }
}

function dryRunQuery({ dryRun }: DeleteOptions): string {
  return queryString({ dryRun: dryRun ? "All" : undefined })
}

function itemPath(kind: KindReference, reference: Reference, options: GetOptions): string {
  const { resourceVersion, subresource } = options
  return resourcePath(kind, { ...reference, subresource }) + queryString({ resourceVersion })
}

/** Both selectors as a query says them. */
function selectors({ labelSelector, fieldSelector }: Selecting): Record<string, string | undefined> {
  return {
    labelSelector: typeof labelSelector === "object" ? formatSelector(labelSelector) : labelSelector,
    fieldSelector: typeof fieldSelector === "object" ? formatFieldSelector(fieldSelector) : fieldSelector,
  }
}

export function listPath(kind: KindReference, options: ListOptions): string {
  const query = queryString({
    ...selectors(options),
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
    ...selectors(options),
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

/** The response, or its no as a `StatusError`. */
async function accepted(response: Response): Promise<Response> {
  if (response.ok) return response
  const text = await response.text().catch(() => "")
  throw refusalOf(text, response.status, response.headers.get("retry-after"))
}

/** The texts of `Warning` headers (RFC 9111 §5.5 of old): `299 - "text"`, any number of them with commas between. */
export function warningsOf(response: Response): string[] {
  const header = response.headers.get("warning")
  if (header === null) return []
  return [...header.matchAll(/\b299 \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) => (match[1] ?? "").replace(/\\(.)/g, "$1"))
}
