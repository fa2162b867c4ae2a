import type { CertificateSigningRequest } from "@wick/sdk/api/certificates/certificate-signing-request"
import { isConditionTrue } from "@wick/sdk/api/meta/condition"
import { parseTime } from "@wick/sdk/api/meta/time"
import { nodeClientMistake, type RequestedSubject, signers } from "./signer.ts"

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const lifetimeMinMs = 10 * minuteMs
const lifetimeMaxMs = 365 * dayMs
/** How long a request is kept that nobody has decided, and one that nothing more will become of. */
const pendingKeptMs = dayMs
const settledKeptMs = hourMs
/** A right to ask may be given later, and nobody is told of it. */
const rightsAgainMs = 30 * secondMs
const nodeClientSigner = "kubernetes.io/kube-apiserver-client-kubelet"

/** What is to be done about a request. */
export type Plan =
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "remove" }
  /** If the one who asked may `create` one of these parts of requests, the most telling first. */
  | { readonly kind: "approve"; readonly rights: readonly string[]; readonly waitMs: number }
  | { readonly kind: "sign"; readonly lifetimeMs: number }
  | { readonly kind: "fail"; readonly message: string }

export function decide(request: CertificateSigningRequest, subject: RequestedSubject, nowMs: number): Plan {
  const { spec, status } = request
  const has = (type: string): boolean => isConditionTrue(status?.conditions, type)
  const settled = has("Denied") || has("Failed") || Boolean(status?.certificate)
  const leftMs = removeAtMs(request, settled) - nowMs
  if (leftMs <= 0) return { kind: "remove" }
  const rule = signers.get(spec.signerName)
  if (settled || !rule) return { kind: "wait", ms: leftMs }
  const asked = { subject, usages: spec.usages ?? [], username: spec.username }
  if (has("Approved")) {
    const mistake = rule(asked)
    return mistake
      ? { kind: "fail", message: mistake }
      : { kind: "sign", lifetimeMs: lifetimeMs(spec.expirationSeconds) }
  }
  if (spec.signerName !== nodeClientSigner || nodeClientMistake(asked)) return { kind: "wait", ms: leftMs }
  const rights = spec.username === subject.commonName ? ["selfnodeclient", "nodeclient"] : ["nodeclient"]
  return { kind: "approve", rights, waitMs: Math.min(leftMs, rightsAgainMs) }
}

function removeAtMs({ metadata, status }: CertificateSigningRequest, settled: boolean): number {
  const changes = (status?.conditions ?? []).flatMap(({ lastUpdateTime }) => lastUpdateTime ?? [])
  const since = Math.max(...[metadata.creationTimestamp, ...changes].map((time) => parseTime(time)))
  return since + (settled ? settledKeptMs : pendingKeptMs)
}

function lifetimeMs(seconds: number | undefined): number {
  if (seconds === undefined) return lifetimeMaxMs
  return Math.min(Math.max(seconds * secondMs, lifetimeMinMs), lifetimeMaxMs)
}
