import type { TokenRequest } from "../api/authentication/token-request.ts"
import type { Scale } from "../api/autoscaling/scale.ts"
import type { CertificateSigningRequest } from "../api/certificates/certificate-signing-request.ts"
import type { AnyObject, KindReference } from "../api/kind.ts"
import type { Client, DeleteOptions, Reference } from "./client.ts"
import { queryString, resourcePath } from "./path.ts"

/** Verbs that the API hangs under an object instead of writing the object. They load no schemas. */

const serviceAccounts: KindReference = core("ServiceAccount", "serviceaccounts")
const pods: KindReference = core("Pod", "pods")

export async function getScale(client: Client, kind: KindReference, reference: Reference): Promise<Scale> {
  const response = await client.request(resourcePath(kind, { ...reference, subresource: "scale" }))
  return (await response.json()) as Scale
}

/** Sets how many replicas there should be, whatever else changes meanwhile. */
export async function setScale(
  client: Client,
  kind: KindReference,
  reference: Reference,
  replicas: number,
  options: { fieldManager?: string } = {},
): Promise<Scale> {
  const path = resourcePath(kind, { ...reference, subresource: "scale" })
  const response = await client.request(path + queryString({ fieldManager: options.fieldManager }), {
    method: "PATCH",
    headers: { "content-type": "application/merge-patch+json" },
    body: JSON.stringify({ spec: { replicas } }),
  })
  return (await response.json()) as Scale
}

/** Asks a pod to go, if its disruption budget allows: `TooManyRequests` while it does not. */
export async function evict(
  client: Client,
  reference: Reference,
  { dryRun, signal: _, ...deleteOptions }: DeleteOptions = {},
): Promise<void> {
  await post(client, pods, reference, "eviction", {
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: reference,
    deleteOptions: { ...deleteOptions, ...(dryRun && { dryRun: ["All"] }) },
  })
}

/** What a scheduler does: puts a pod on a node, once and for good. */
export async function bind(client: Client, reference: Reference, node: string): Promise<void> {
  const target = { apiVersion: "v1", kind: "Node", name: node }
  await post(client, pods, reference, "binding", { apiVersion: "v1", kind: "Binding", metadata: reference, target })
}

/** A token of a service account; with `boundObjectRef` one that dies with that pod, secret or node. */
export async function requestToken(
  client: Client,
  reference: Reference,
  spec: Partial<TokenRequest["spec"]> = {},
): Promise<TokenRequest> {
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec }
  return (await post(client, serviceAccounts, reference, "token", body)) as unknown as TokenRequest
}

/** Says yes or no to a request for a certificate, in its conditions. */
export async function decideCertificate(
  client: Client,
  request: CertificateSigningRequest,
  decision: { type: "Approved" | "Denied"; reason: string; message?: string },
): Promise<CertificateSigningRequest> {
  const path = resourcePath(
    { ...core("", "certificatesigningrequests"), group: "certificates.k8s.io", namespaced: false },
    { name: request.metadata.name, subresource: "approval" },
  )
  const conditions = [...(request.status?.conditions ?? []), { ...decision, status: "True" }]
  const response = await client.request(path, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...request, status: { ...request.status, conditions } }),
  })
  return (await response.json()) as CertificateSigningRequest
}

async function post(
  client: Client,
  kind: KindReference,
  reference: Reference,
  subresource: string,
  body: object,
): Promise<AnyObject> {
  const response = await client.request(resourcePath(kind, { ...reference, subresource }), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  })
  return (await response.json()) as AnyObject
}

function core(kind: string, plural: string): KindReference {
  return { group: "", version: "v1", apiVersion: "v1", kind, plural, namespaced: true }
}
