import type { Node } from "@wick/sdk/api/core/node"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { Secret } from "@wick/sdk/api/core/secret"
import type { ServiceAccount } from "@wick/sdk/api/core/service-account"
import { describeFieldError } from "@wick/sdk/api/meta/field-error"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Clock } from "@wick/sdk/clock"
import type { BoundObject, TokenAuthority, TokenSubject } from "#pki"
import type { Storage } from "#store"
import { readCoreObject } from "../admission/stored-object.ts"
import type { VirtualRequest, VirtualResource } from "../virtual-resource.ts"

export interface TokenRequestOptions {
  readonly storage: Storage
  readonly tokens: TokenAuthority
  readonly clock: Clock
}

interface TokenRequestSpec {
  readonly audiences?: readonly string[]
  readonly expirationSeconds?: number
  readonly boundObjectRef?: { kind?: string; apiVersion?: string; name?: string; uid?: string } | null
}

const lifetimeSecondsDefault = 3600
const lifetimeSecondsMin = 600
const lifetimeSecondsMax = 2 ** 32
const nodeUser = "system:node:"

/** `serviceaccounts/token`: a fresh token of an account, bound to a pod, a secret or a node if asked for. */
export function tokenRequests(options: TokenRequestOptions): VirtualResource {
  return {
    group: "",
    version: "v1",
    resource: "serviceaccounts",
    subresource: "token",
    kind: "TokenRequest",
    namespaced: true,
    create: (request) => create(request, options),
  }
}

async function create(request: VirtualRequest, { storage, tokens, clock }: TokenRequestOptions): Promise<object> {
  const { object, namespace, name } = request
  const {
    audiences = [],
    expirationSeconds = lifetimeSecondsDefault,
    boundObjectRef,
  } = (object.spec ?? {}) as TokenRequestSpec
  checkLifetime(expirationSeconds)
  const account = await readCoreObject<ServiceAccount>(storage, "serviceaccounts", namespace, name)
  if (account === undefined) throw notFound("serviceaccounts", name)
  const bound = boundObjectRef ? await boundTo(boundObjectRef, request, storage) : {}
  checkNode(request, bound)
  const subject: TokenSubject = { namespace, serviceAccount: { name, uid: account.metadata.uid }, ...bound }
  const { token, expiresAtMs } = await tokens.sign(
    { subject, audiences, lifetimeSeconds: expirationSeconds },
    clock.now(),
  )
  return {
    ...object,
    metadata: { ...object.metadata, name, namespace },
    spec: {
      ...(object.spec ?? {}),
      audiences: audiences.length > 0 ? audiences : [tokens.audience],
      expirationSeconds,
      boundObjectRef: boundObjectRef ?? null,
    },
    status: { token, expirationTimestamp: `${new Date(expiresAtMs).toISOString().slice(0, 19)}Z` },
  }
}

function checkLifetime(seconds: number): void {
  const detail =
    seconds < lifetimeSecondsMin
      ? "may not specify a duration less than 10 minutes"
      : seconds > lifetimeSecondsMax
        ? "may not specify a duration larger than 2^32 seconds"
        : undefined
  if (detail === undefined) return
  const field = "spec.expirationSeconds"
  const text = describeFieldError({ type: "Invalid", field, value: seconds, detail })
  const causes = [{ reason: "FieldValueInvalid", message: detail, field }]
  const details = { name: "", group: "authentication.k8s.io", kind: "TokenRequest", causes }
  throw new StatusError("Invalid", `TokenRequest.authentication.k8s.io "" is invalid: ${text}`, details)
}

type Bound = Pick<TokenSubject, "pod" | "secret" | "node">

async function boundTo(
  { kind, name = "", uid }: NonNullable<TokenRequestSpec["boundObjectRef"]>,
  request: VirtualRequest,
  storage: Storage,
): Promise<Bound> {
  const { namespace } = request
  if (kind === "Pod") {
    const pod = await readCoreObject<Pod>(storage, "pods", namespace, name)
    if (pod === undefined) throw notFound("pods", name)
    if ((pod.spec.serviceAccountName ?? "") !== request.name) {
      throw new StatusError(
        "BadRequest",
        `cannot bind token for serviceaccount "${request.name}" to pod running with different serviceaccount name.`,
      )
    }
    const { nodeName } = pod.spec
    const node = nodeName ? await readCoreObject<Node>(storage, "nodes", "", nodeName) : undefined
    const on = nodeName && { node: { name: nodeName, ...(node && { uid: node.metadata.uid }) } }
    return { pod: identityOf(pod, uid), ...on }
  }
  if (kind === "Secret") {
    const secret = await readCoreObject<Secret>(storage, "secrets", namespace, name)
    if (secret === undefined) throw notFound("secrets", name)
    return { secret: identityOf(secret, uid) }
  }
  if (kind === "Node") {
    const node = await readCoreObject<Node>(storage, "nodes", "", name)
    if (node === undefined) throw notFound("nodes", name)
    return { node: identityOf(node, uid) }
  }
  throw new StatusError("BadRequest", `cannot bind token to object of type ${kind}`)
}

function identityOf({ metadata }: { metadata: { name: string; uid: string } }, uid: string | undefined): BoundObject {
  if (uid === undefined || uid === "" || uid === metadata.uid) return { name: metadata.name, uid: metadata.uid }
  const message = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`
  throw new StatusError("Conflict", message, { name: metadata.name })
}

/** A node may have tokens for the pods that run on it and for no others: a stolen node is then not the whole cluster. */
function checkNode({ user, namespace, name }: VirtualRequest, { pod, node }: Bound): void {
  if (!user.name.startsWith(nodeUser) || !user.groups.includes("system:nodes")) return
  const own = user.name.slice(nodeUser.length)
  if (pod !== undefined && node?.name === own) return
  const why =
    pod === undefined
      ? "node requested token not bound to a pod"
      : "node requested token bound to a pod scheduled on a different node"
  throw new StatusError("Forbidden", `serviceaccounts "${name}" is forbidden: ${why} (namespace ${namespace})`, {
    name,
    kind: "serviceaccounts",
  })
}

function notFound(kind: string, name: string): StatusError {
  return new StatusError("NotFound", `${kind} "${name}" not found`, { name, kind })
}
