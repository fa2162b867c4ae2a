import type { Clock } from "@wick/sdk/clock"
import type { UserInfo } from "../authentication/user.ts"
import type { Peer } from "../listen/peer.ts"
import { parseRequest, type RequestInfo } from "../request-info.ts"
import { toApi } from "../review/user-info.ts"
import type { Guarded } from "../security.ts"
import { keepAnnotations } from "./annotations.ts"
import { type AuditPolicy, type Level, type Stage, verdictOf } from "./policy.ts"

export interface AuditOptions {
  readonly policy: AuditPolicy
  readonly clock: Clock
  /** Ids of requests. */
  readonly id: () => string
  readonly write: (event: object) => void
}

/** Bodies of these are secrets, whatever a policy says: no more than metadata of them is written down. */
const secretBodies = new Set(["secrets", "configmaps", "tokenreviews", "serviceaccounts/token"])

/** `server`, with every request that the policy names written down, and every one that was not let in. */
export function audited(server: Guarded, options: AuditOptions): Guarded {
  return {
    handle: (request, user, peer, impersonator) => handle(server, options, request, { user, peer, impersonator }),
    upgrade: (incoming, socket, head, user, peer, impersonator) => {
      const url = new URL(incoming.url ?? "/", "https://apiserver")
      const info = parseRequest(incoming.method ?? "GET", url)
      const { level, omitted } = verdictOf(options.policy, impersonator ?? user, info)
      const stage: Stage = "ResponseStarted"
      if (level !== "None" && !omitted.has(stage)) {
        const agent = incoming.headers["user-agent"]
        options.write({
          ...eventHead(options, "Metadata", info, url, { user, peer, impersonator }, agent),
          ...ending(options, stage),
        })
      }
      server.upgrade(incoming, socket, head, user, peer, impersonator)
    },
    refused: ({ method, url: asked, user = nobody, peer, code, userAgent }) => {
      const url = new URL(asked)
      const info = parseRequest(method, url)
      const { level, omitted } = verdictOf(options.policy, user, info)
      const stage: Stage = "ResponseComplete"
      if (level === "None" || omitted.has(stage)) return
      const responseStatus = { metadata: {}, code }
      const head = eventHead(options, "Metadata", info, url, { user, peer }, userAgent)
      options.write({ ...head, ...ending(options, stage), responseStatus })
    },
  }
}

/** Who could not be told. */
const nobody: UserInfo = { name: "", groups: [] }

interface Who {
  readonly user: UserInfo
  readonly peer: Peer | undefined
  readonly impersonator?: UserInfo | undefined
}

async function handle(server: Guarded, options: AuditOptions, request: Request, who: Who): Promise<Response> {
  const { user, peer, impersonator } = who
  const url = new URL(request.url)
  const info = parseRequest(request.method, url)
  const verdict = verdictOf(options.policy, impersonator ?? user, info)
  if (verdict.level === "None") return server.handle(request, user, peer, impersonator)
  const level = limited(verdict.level, info)
  const head = eventHead(options, level, info, url, who, request.headers.get("user-agent") ?? undefined)
  const annotations = keepAnnotations(request)
  const write = (stage: Stage, more: object = {}): void => {
    if (verdict.omitted.has(stage)) return
    const noted = Object.keys(annotations).length > 0 && { annotations }
    options.write({ ...head, ...ending(options, stage), ...more, ...noted })
  }
  write("RequestReceived")
  const sent = level === "Metadata" ? undefined : request.clone()
  const response = await server.handle(request, user, peer, impersonator).catch((error: unknown) => {
    write("Panic", { responseStatus: { metadata: {}, code: 500 } })
    throw error
  })
  const status = { responseStatus: { metadata: {}, code: response.status } }
  if (info.kind === "resource" && info.verb === "watch") {
    write("ResponseStarted", status)
    return response
  }
  const answer = level === "RequestResponse" ? response.clone() : undefined
  if (!sent) write("ResponseComplete", status)
  else {
    // The client has its answer meanwhile.
    void Promise.all([bodyOf(sent), answer && bodyOf(answer)]).then(([requestObject, responseObject]) =>
      write("ResponseComplete", { ...status, requestObject, responseObject }),
    )
  }
  return response
}

function limited(level: Level, info: RequestInfo): Level {
  if (info.kind === "path") return "Metadata"
  const { resource, subresource } = info
  return secretBodies.has(subresource === "" ? resource : `${resource}/${subresource}`) || resource === "secrets"
    ? "Metadata"
    : level
}

async function bodyOf(message: Request | Response): Promise<unknown> {
  try {
    return await message.json()
  } catch {
    return undefined
  }
}

function eventHead(
  { clock, id }: AuditOptions,
  level: Level,
  info: RequestInfo,
  url: URL,
  { user, peer, impersonator }: Who,
  userAgent: string | undefined,
): object {
  return {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level,
    auditID: id(),
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

function ending({ clock }: AuditOptions, stage: Stage): object {
  return { stage, stageTimestamp: microTime(clock) }
}

function microTime(clock: Clock): string {
  return new Date(clock.now()).toISOString().replace("Z", "000Z")
}
