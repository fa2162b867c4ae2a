import type { WebSocket } from "ws"
import type { AnyObject, Kind, KindOf, KindReference, ListOf, NewOf, StoredMeta } from "../api/kind.ts"
import type { LabelSelector } from "../api/meta/label-selector.ts"

/** The seam of the whole platform: the API server is one such function and the client takes one. */
export type Fetch = (request: Request) => Promise<Response>

export interface Reference {
  readonly name: string
  /** Needed for namespaced kinds. */
  readonly namespace?: string
}

/** Which objects of a kind: all that answer both selectors. */
export interface Selecting {
  /** Absent: all namespaces. */
  readonly namespace?: string
  /** `app=web,tier in (a,b)`, or the same as an object. */
  readonly labelSelector?: string | LabelSelector
  /** `status.phase!=Failed`, or the values that fields must have: `{ "spec.nodeName": "a" }`. */
  readonly fieldSelector?: string | Readonly<Record<string, string | number | boolean>>
}

export interface ListOptions extends Selecting {
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: "NotOlderThan" | "Exact"
  readonly signal?: AbortSignal
}

export interface WatchOptions extends Omit<ListOptions, "limit" | "continue"> {
  readonly allowWatchBookmarks?: boolean
  readonly sendInitialEvents?: boolean
  readonly timeoutSeconds?: number
}

export interface WriteOptions {
  readonly dryRun?: boolean
  /** Whose write this is, in managedFields. */
  readonly fieldManager?: string
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore"
  /** What this write is part of, for a server that traces: W3C's header of that name. */
  readonly traceparent?: string
  readonly signal?: AbortSignal
}

/** Parts of an object that are read and written apart from the rest. */
export type Subresource = "status" | "scale" | "approval" | "ephemeralcontainers" | "resize" | "finalize"

export interface UpdateOptions extends WriteOptions {
  readonly subresource?: Subresource
}

export interface PatchOptions extends UpdateOptions {
  /** With `apply`: take fields over from other managers. */
  readonly force?: boolean
}

export type Patch =
  | { readonly type: "merge"; readonly body: unknown }
  | { readonly type: "json"; readonly body: readonly JsonPatchOperation[] }
  | { readonly type: "strategic"; readonly body: unknown }
  | { readonly type: "apply"; readonly body: unknown }

export type JsonPatchOperation =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "move" | "copy"; readonly from: string; readonly path: string }

/** An object of which only the metadata was asked for: cheap to list and to watch, for whoever needs no more. */
export interface PartialObject {
  readonly apiVersion: "meta.k8s.io/v1"
  readonly kind: "PartialObjectMetadata"
  readonly metadata: StoredMeta
}

export interface GetOptions {
  readonly resourceVersion?: string
  readonly subresource?: Subresource
  readonly signal?: AbortSignal
}

export interface DeleteOptions {
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground"
  readonly gracePeriodSeconds?: number
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly dryRun?: boolean
  readonly signal?: AbortSignal
}

export type WatchEvent<Item> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: Item }
  | { readonly type: "BOOKMARK"; readonly object: AnyObject }

export interface RequestManner {
  /** The answer's objects are only looked at: a server in this process may give its own, see `SharedObject`. */
  readonly shared?: boolean
}

/**
 * Typed access to a Kubernetes-compatible API. Every method throws `StatusError` when the server says no, and the
 * transport's own error when there was no answer. An `ERROR` event of a watch is thrown as a `StatusError` too.
 */
export interface Client {
  get<K extends Kind>(kind: K, reference: Reference, options?: GetOptions): Promise<KindOf<K>>
  /** One page where there is a `limit`, else everything. */
  list<K extends Kind>(kind: K, options?: ListOptions): Promise<ListOf<KindOf<K>>>
  create<K extends Kind>(kind: K, object: NewOf<K>, options?: WriteOptions): Promise<KindOf<K>>
  update<K extends Kind>(kind: K, object: NewOf<K>, options?: UpdateOptions): Promise<KindOf<K>>
  updateStatus<K extends Kind>(kind: K, object: NewOf<K>, options?: WriteOptions): Promise<KindOf<K>>
  patch<K extends Kind>(kind: K, reference: Reference, patch: Patch, options?: PatchOptions): Promise<KindOf<K>>
  /** Server-side apply: create or change, owning exactly the fields given. */
  apply<K extends Kind>(kind: K, object: NewOf<K>, options: PatchOptions & { fieldManager: string }): Promise<KindOf<K>>
  /** Resolves when the server has accepted the deletion; finalizers may keep the object for a while. */
  delete(kind: KindReference, reference: Reference, options?: DeleteOptions): Promise<void>
  /** Deletes all that is selected, each as `delete` would. */
  deleteCollection(kind: KindReference, options: Selecting & DeleteOptions): Promise<void>
  watch<K extends Kind>(kind: K, options?: WatchOptions): AsyncIterable<WatchEvent<KindOf<K>>>
  getMetadata(kind: KindReference, reference: Reference, options?: GetOptions): Promise<PartialObject>
  listMetadata(kind: KindReference, options?: ListOptions): Promise<ListOf<PartialObject>>
  watchMetadata(kind: KindReference, options?: WatchOptions): AsyncIterable<WatchEvent<PartialObject>>
  /** A connection for a subresource that streams both ways; see `exec`, `attach` and `forwardPort`. */
  openWebSocket(path: string, protocols: readonly string[], signal?: AbortSignal): Promise<WebSocket>
  /** Any other path of the API (`/version`, a subresource), with the same errors. */
  request(path: string, init?: RequestInit, how?: RequestManner): Promise<Response>
}
