import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import type { LimitRange } from "@wick/sdk/api/core/limit-range"
import type { ResourceQuota } from "@wick/sdk/api/core/resource-quota"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import type { Clock, Random } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import type { TokenAuthority } from "#pki"
import type { Storage } from "#store"
import { createCertificateAdmission } from "./admission/certificate-signing.ts"
import { createClaimResize } from "./admission/claim-resize.ts"
import { createDefaultClasses } from "./admission/default-class.ts"
import { createLimitRanger } from "./admission/limit-ranger/index.ts"
import { createNamespaceIndex } from "./admission/namespace-index.ts"
import { createNamespaceLifecycle } from "./admission/namespace-lifecycle.ts"
import { createNodeRestriction } from "./admission/node-restriction.ts"
import { createNodeTaint } from "./admission/node-taint.ts"
import { createPodDefaults } from "./admission/pod-defaults.ts"
import { createPodSecurity } from "./admission/pod-security/index.ts"
import { createPolicyAdmission } from "./admission/policy/index.ts"
import { createPolicyTypeCheck } from "./admission/policy/type-check-step.ts"
import { createPriorityProtection } from "./admission/priority-protection.ts"
import { createQuotaAdmission } from "./admission/resource-quota/index.ts"
import { createRuntimeClassAdmission } from "./admission/runtime-class.ts"
import { createServiceAccountAdmission } from "./admission/service-account.ts"
import type { AdmissionStep } from "./admission/step.ts"
import { createStorageProtection } from "./admission/storage-protection.ts"
import { createWebhookAdmission } from "./admission/webhook/index.ts"
import { type AdmitsAnonymous, type Asked, createAuthenticate } from "./authentication/authenticate.ts"
import { impersonated } from "./authentication/impersonation.ts"
import { issuerDocument } from "./authentication/issuer-documents.ts"
import type { AuthenticateJwt } from "./authentication/jwt/index.ts"
import { createTokenAuthenticator } from "./authentication/token-authenticator.ts"
import type { UserInfo } from "./authentication/user.ts"
import { type Authorizer, createAuthorizer } from "./authorization/authorizer.ts"
import { createEscalationCheck } from "./authorization/escalation-check.ts"
import type { Peer } from "./listen/peer.ts"
import type { LocalServices } from "./local-services.ts"
import { errorResponse } from "./respond.ts"
import { createReviews } from "./review/index.ts"
import type { VirtualResource } from "./virtual-resource.ts"

export interface SecurityOptions {
  readonly storage: Storage
  readonly tokens: TokenAuthority
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Tokens of other issuers; absent: none is believed. */
  readonly jwt?: AuthenticateJwt | undefined
  /** Where it is counted how requests fare at the door. */
  readonly metrics?: Metrics | undefined
  /** Absent: on the paths that tell nothing. */
  readonly admitsAnonymous?: AdmitsAnonymous | undefined
  readonly localServices?: LocalServices | undefined
}

/** Everything about who may do what, over one store: what the API server is made with, and what stands before it. */
export interface Security {
  /** Resolves when policy and webhooks have been read: no request may be answered before. */
  readonly ready: Promise<void>
  readonly authorize: Authorizer["authorize"]
  /** In the order in which they must run. */
  readonly admission: readonly AdmissionStep[]
  readonly virtual: readonly VirtualResource[]
  /** Documents about the issuer of tokens, by path. */
  readonly issuer: (path: string) => Response | undefined
  /** The API server behind its door: every request is somebody's before it comes in. */
  guard(server: Guarded): Guard
  close(): void
}

/** What a guard needs of an API server. `impersonator` is who asks in another's name, which is `user`'s. */
export interface Guarded {
  handle(request: Request, user: UserInfo, peer?: Peer, impersonator?: UserInfo): Promise<Response>
  upgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    user: UserInfo,
    peer?: Peer,
    impersonator?: UserInfo,
  ): void
  /** Told of who was not let in; `user` is known where only the name of another was refused. */
  refused?(asked: Refused): void
}

export interface Refused {
  readonly method: string
  readonly url: string
  readonly userAgent: string | undefined
  readonly user: UserInfo | undefined
  readonly peer: Peer
  readonly code: number
}

/** Tells `known` who asks as soon as that is known. */
type Identify = (
  asked: Asked,
  peer: Peer,
  known: (user: UserInfo) => void,
) => Promise<{ readonly user: UserInfo; readonly impersonator?: UserInfo }>

export interface Guard {
  fetch(request: Request, peer: Peer): Promise<Response>
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, peer: Peer): void
}

export function createSecurity(options: SecurityOptions): Security {
  const { storage, tokens, clock, random, log, jwt, localServices } = options
  const authorizer = createAuthorizer({ storage, clock })
  const tokenAuthenticator = createTokenAuthenticator({ tokens, storage, now: () => clock.now(), jwt })
  const authenticate = createAuthenticate(tokenAuthenticator, options.admitsAnonymous)
  const webhooks = createWebhookAdmission({ storage, clock, log, authorize: authorizer.authorize, localServices })
  const policies = createPolicyAdmission({ storage, clock, authorize: authorizer.authorize })
  const namespaces = createNamespaceLifecycle({ storage, clock })
  const limitRanges = createNamespaceIndex<LimitRange>({ storage, clock }, "limitranges")
  const quotas = createNamespaceIndex<ResourceQuota>({ storage, clock }, "resourcequotas")
  const counted = countAttempts(options.metrics)
  const identify: Identify = async (asked, peer, known) => {
    const own = await counted(authenticate(asked, peer))
    known(own)
    const user = impersonated(own, asked.headers, authorizer.authorize)
    return user === own ? { user } : { user, impersonator: own }
  }
  return {
    ready: Promise.all(
      [authorizer, webhooks, policies, namespaces, limitRanges, quotas].map(({ ready }) => ready),
    ).then(() => undefined),
    authorize: authorizer.authorize,
    admission: [
      namespaces,
      createServiceAccountAdmission({ storage, clock, random }),
      createPodDefaults(storage),
      createLimitRanger(limitRanges),
      createNodeTaint(),
      createStorageProtection(),
      createDefaultClasses(storage),
      createRuntimeClassAdmission(storage),
      createPolicyTypeCheck(),
      policies,
      webhooks,
      // Last: it judges what the webhooks have made of a role.
      createEscalationCheck(authorizer),
      // After the webhooks: none of them says who asked for a certificate.
      createCertificateAdmission(authorizer),
      createNodeRestriction(),
      createPriorityProtection(),
      createClaimResize(storage),
      createPodSecurity(storage),
      // Last of all: what is refused by another is not charged.
      createQuotaAdmission(storage, quotas),
    ],
    virtual: createReviews({ storage, tokens, clock, authorizer, tokenAuthenticator }),
    issuer: (path) => issuerDocument(tokens, path),
    guard: (server) => guardOf(server, identify),
    close: () => {
      authorizer.close()
      webhooks.close()
      policies.close()
      namespaces.close()
      limitRanges.close()
      quotas.close()
    },
  }
}

/** Kubernetes' own name and results for it. */
function countAttempts(metrics: Metrics | undefined): <T>(attempt: Promise<T>) => Promise<T> {
  if (metrics === undefined) return (attempt) => attempt
  const attempts = metrics.counter("authentication_attempts", "Requests, by whether it could be told who asks.")
  const [success, failure, error] = ["success", "failure", "error"].map((result) => attempts.with({ result }))
  return async (attempt) => {
    try {
      const user = await attempt
      success?.add()
      return user
    } catch (reason) {
      if (isStatus(reason, "Unauthorized")) failure?.add()
      else error?.add()
      throw reason
    }
  }
}

function guardOf(server: Guarded, identify: Identify): Guard {
  const admit = async (method: string, asked: Asked, peer: Peer): ReturnType<Identify> => {
    let known: UserInfo | undefined
    try {
      return await identify(asked, peer, (user) => {
        known = user
      })
    } catch (error) {
      const { status: code } = errorResponse(error)
      const userAgent = asked.headers.get("user-agent") ?? undefined
      server.refused?.({ method, url: asked.url, userAgent, user: known, peer, code })
      throw error
    }
  }
  return {
    fetch: async (request, peer) => {
      let who: Awaited<ReturnType<Identify>>
      try {
        who = await admit(request.method, request, peer)
      } catch (error) {
        return errorResponse(error)
      }
      return server.handle(request, who.user, peer, who.impersonator)
    },
    upgrade: (incoming, socket, head, peer) => {
      const asked = { url: new URL(incoming.url ?? "/", "https://host").href, headers: headersOf(incoming) }
      admit(incoming.method ?? "GET", asked, peer).then(
        ({ user, impersonator }) => server.upgrade(incoming, socket, head, user, peer, impersonator),
        async (error: unknown) => {
          const { status, body } = await plain(errorResponse(error))
          socket.end(`HTTP/1.1 ${status} \r\nContent-Type: application/json\r\nConnection: close\r\n\r\n${body}`)
        },
      )
    },
  }
}

async function plain(response: Response): Promise<{ status: number; body: string }> {
  return { status: response.status, body: await response.text() }
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers()
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "")
  return headers
}
