import type { OwnAnswer } from "./own-answer.ts"

/** What a probe looks at of a revision. */
interface Probed {
  readonly ready: { readonly length: number }
}

/**
 * The answer to `K-Network-Probe`, by which Knative's parts ask whether the way to a host is made.
 *
 * - `activator`: is this the activator?
 * - `probe`: does the host lead anywhere? The hash that came is given back, so that who asks knows its own question.
 * - `queue`: has the host's revision a pod that takes requests? (A sidecar answers this elsewhere; here there is none.)
 */
export function answerProbe(kind: string, hash: string, host: string, revision: Probed | undefined): OwnAnswer {
  if (kind === "activator") return { status: 200, body: "activator" }
  if (kind !== "probe" && kind !== "queue") {
    return { status: 400, body: `unexpected probe header value: ${JSON.stringify(kind)}\n` }
  }
  if (kind === "probe" && hash === "") {
    return { status: 400, body: 'a probe request must contain a non-empty "K-Network-Hash" header\n' }
  }
  if (revision === undefined) return { status: 404, body: `no route for host ${host}\n` }
  if (kind === "probe") return { status: 200, body: "", headers: { "k-network-hash": hash } }
  return revision.ready.length > 0 ? { status: 200, body: "queue" } : { status: 503, body: "queue not ready\n" }
}
