import type { Clock } from "@wick/sdk/clock"
import type { UserInfo } from "../authentication/user.ts"
import type { Peer } from "../listen/peer.ts"
import type { RequestInfo } from "../request-info.ts"
import { toApi } from "../review/user-info.ts"
import type { Level, Stage } from "./policy.ts"

/** Who asks: `user` is who the request is answered as, `impersonator` who asks in that name. */
export interface Who {
  readonly user: UserInfo
  readonly peer: Peer | undefined
  readonly impersonator?: UserInfo | undefined
}

export interface AuditedRequest extends Who {
  readonly id: string
  readonly info: RequestInfo
  readonly url: URL
  readonly userAgent: string | undefined
}

/** What all events of a request have in common, with the time at which it came. */
export function eventHead(clock: Clock, level: Level, request: AuditedRequest): object {
  const { id, info, url, user, impersonator, peer, userAgent } = request
  return {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level,
    auditID: id,
    requestURI: url.pathname + url.search,
    verb: info.verb,
    // Whoever acts in another's name answers for it.
    user: toApi(impersonator ?? user),
    ...(impersonator && { impersonatedUser: toApi(user) }),
    ...(peer?.address && { sourceIPs: [peer.address] }),
    userAgent,
    ...(info.kind === "resource" && { objectRef: objectRef(info) }),
    requestReceivedTimestamp: microTime(clock),
  }
}

function objectRef(info: Extract<RequestInfo, { kind: "resource" }>): object {
  const { resource, namespace, name, group, version, subresource } = info
  return {
    resource,
    ...(namespace && { namespace }),
    ...(name && { name }),
    ...(group && { apiGroup: group }),
    apiVersion: version,
    ...(subresource && { subresource }),
  }
}

/** Which event of its request it is. */
export function stageOf(clock: Clock, stage: Stage): object {
  return { stage, stageTimestamp: microTime(clock) }
}

export function statusOf(code: number): object {
  return { responseStatus: { metadata: {}, code } }
}

const longSubresources = new Set(["attach", "exec", "log", "portforward", "proxy"])

/** What may go on for long after its answer has begun, as Kubernetes names it: it has an event when it begins, too. */
export function isLongRunning(info: RequestInfo): boolean {
  return info.kind === "resource" && (info.verb === "watch" || longSubresources.has(info.subresource))
}

function microTime(clock: Clock): string {
  return `${new Date(clock.now()).toISOString().slice(0, -1)}000Z`
}
