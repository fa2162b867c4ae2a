import type { AnyObject, Kind, KindOf, KindReference, ListOf, NewOf } from "../api/kind.ts"

/** The seam of the whole platform: the API server is one such function and the client takes one. */
export type Fetch = (request: Request) => Promise<Response>

export interface Reference {
  readonly name: string
  /** Needed for namespaced kinds. */
  readonly namespace?: string
}

export interface ListOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
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
  readonly signal?: AbortSignal
}

export interface PatchOptions extends WriteOptions {
  readonly subresource?: "status" | "scale" | "approval"
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

/**
 * Typed access to a Kubernetes-compatible API. Every method throws `StatusError` when the server says no, and the
 * transport's own error when there was no answer. An `ERROR` event of a watch is thrown as a `StatusError` too.
 */
export interface Client {
  get<K extends Kind>(
    kind: K,
    reference: Reference,
    options?: { resourceVersion?: string; signal?: AbortSignal },
  ): Promise<KindOf<K>>
  list<K extends Kind>(kind: K, options?: ListOptions): Promise<ListOf<KindOf<K>>>
  create<K extends Kind>(kind: K, object: NewOf<K>, options?: WriteOptions): Promise<KindOf<K>>
  update<K extends Kind>(kind: K, object: NewOf<K>, options?: WriteOptions): Promise<KindOf<K>>
  updateStatus<K extends Kind>(kind: K, object: NewOf<K>, options?: WriteOptions): Promise<KindOf<K>>
  patch<K extends Kind>(kind: K, reference: Reference, patch: Patch, options?: PatchOptions): Promise<KindOf<K>>
  /** Server-side apply: create or change, owning exactly the fields given. */
  apply<K extends Kind>(kind: K, object: NewOf<K>, options: PatchOptions & { fieldManager: string }): Promise<KindOf<K>>
  /** Resolves when the server has accepted the deletion; finalizers may keep the object for a while. */
  delete(kind: KindReference, reference: Reference, options?: DeleteOptions): Promise<void>
  watch<K extends Kind>(kind: K, options?: WatchOptions): AsyncIterable<WatchEvent<KindOf<K>>>
  /** Any other path of the API (`/version`, a subresource), with the same errors. */
  request(path: string, init?: RequestInit): Promise<Response>
}
