import type { MethodDefinition } from "@grpc/grpc-js"

/** In the certificate of an autoscaler that is reached over the network: it moves from host to host, its name does not. */
export const autoscalerServerName = "wick-autoscaler"

/** Who holds it runs the autoscaler, where a cluster has several hosts. */
export const autoscalerLease = { namespace: "kube-system", name: "wick-autoscaler" } as const

/** What one activator saw of one revision since its last report. */
export interface RevisionLoad {
  readonly namespace: string
  readonly name: string
  /** Requests in the activator for this revision, waiting ones too, averaged over the report's interval. */
  readonly concurrency: number
  /** The same at the moment of the report. */
  readonly concurrencyNow: number
  /** Of these, how many wait for a pod. */
  readonly waiting: number
  /** Requests that came in the interval. */
  readonly requests: number
  /** In flight per pod now, by pod name: pods with none are left out. */
  readonly pods: Readonly<Record<string, number>>
  /** `traceparent` of one of the requests, of one that waits where there is any, if it is traced. */
  readonly cause?: string
  /** Some of the requests asked for the revision itself, as callers of its Service do. */
  readonly direct?: boolean
}

/** Load of a span of time that has passed. */
export interface LoadStretch {
  readonly endedMsAgo: number
  readonly lengthMs: number
  /** On average over the stretch. */
  readonly concurrency: number
  readonly requests: number
}

/** What one activator saw of one revision within the last minute, oldest first. */
export interface RevisionHistory {
  readonly namespace: string
  readonly name: string
  readonly stretches: readonly LoadStretch[]
}

/** An activator as other activators reach it. */
export interface Peer {
  readonly id: string
  /** Where its admin endpoint listens, `http://10.0.0.7:8081`. */
  readonly admin: string
}

/**
 * `hello` comes first and once per stream. `history` follows it where there was load of late: an autoscaler that has not
 * heard this activator before begins with it, any other passes it over. `load` names every revision that had a request in the interval, and once
 * more those that have fallen idle; silence about a revision means that there is none. `poke` is sent the moment a
 * request arrives for which no pod is ready; `cause` is its `traceparent` where it is traced.
 */
export type ActivatorMessage =
  | { readonly type: "hello"; readonly self: Peer }
  | { readonly type: "history"; readonly revisions: readonly RevisionHistory[] }
  | { readonly type: "load"; readonly intervalMs: number; readonly revisions: readonly RevisionLoad[] }
  | { readonly type: "poke"; readonly namespace: string; readonly name: string; readonly cause?: string }

/**
 * `peers` is sent whenever the set of connected activators changes. `decided` says that pods were asked of the API server
 * for a revision that had none, `thoughtMs` after somebody had poked.
 */
export type AutoscalerMessage =
  | { readonly type: "peers"; readonly peers: readonly Peer[] }
  | { readonly type: "decided"; readonly namespace: string; readonly name: string; readonly thoughtMs: number }

/** The one method of the service: a stream both ways. */
export const loadStream: MethodDefinition<ActivatorMessage, AutoscalerMessage> = {
  path: "/wick.autoscaler.v1.Load/Stream",
  requestStream: true,
  responseStream: true,
  requestSerialize: encode,
  requestDeserialize: (bytes) => JSON.parse(bytes.toString()) as ActivatorMessage,
  responseSerialize: encode,
  responseDeserialize: (bytes) => JSON.parse(bytes.toString()) as AutoscalerMessage,
}

function encode(message: unknown): Buffer {
  return Buffer.from(JSON.stringify(message))
}
