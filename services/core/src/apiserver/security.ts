import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import type { LimitRange } from "@wick/sdk/api/core/limit-range"
import type { ResourceQuota } from "@wick/sdk/api/core/resource-quota"
import type { Clock, Random } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { TokenAuthority } from "#pki"
import type { Storage } from "#store"
import { createCertificateAdmission } from "./admission/certificate-signing.ts"
import { createLimitRanger } from "./admission/limit-ranger/index.ts"
import { createNamespaceIndex } from "./admission/namespace-index.ts"
import { createNamespaceLifecycle } from "./admission/namespace-lifecycle.ts"
import { createNodeRestriction } from "./admission/node-restriction.ts"
import { createPodDefaults } from "./admission/pod-defaults.ts"
import { createPodSecurity } from "./admission/pod-security/index.ts"
import { createPolicyAdmission } from "./admission/policy/index.ts"
import { createQuotaAdmission } from "./admission/resource-quota/index.ts"
import { createServiceAccountAdmission } from "./admission/service-account.ts"
import type { AdmissionStep } from "./admission/step.ts"
import { createWebhookAdmission } from "./admission/webhook/index.ts"
import { type Asked, createAuthenticate } from "./authentication/authenticate.ts"
import { impersonated } from "./authentication/impersonation.ts"
import { createTokenAuthenticator } from "./authentication/token-authenticator.ts"
import type { UserInfo } from "./authentication/user.ts"
import { type Authorizer, createAuthorizer } from "./authorization/authorizer.ts"
import { createEscalationCheck } from "./authorization/escalation-check.ts"
import type { Peer } from "./listen/peer.ts"
import { errorResponse } from "./respond.ts"
import { createReviews } from "./review/index.ts"
import type { VirtualResource } from "./virtual-resource.ts"

export interface SecurityOptions {
  readonly storage: Storage
  readonly tokens: TokenAuthority
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** Everything about who may do what, over one store: what the API server is made with, and what stands before it. */
export interface Security {
  /** Resolves when policy and webhooks have been read: no request may be answered before. */
  readonly ready: Promise<void>
  readonly authorize: Authorizer["authorize"]
  /** In the order in which they must run. */
  readonly admission: readonly AdmissionStep[]
  readonly virtual: readonly VirtualResource[]
  /** The API server behind its door: every request is somebody's before it comes in. */
  guard(server: Guarded): Guard
  close(): void
}

/** What a guard needs of an API server. */
export interface Guarded {
  handle(request: Request, user: UserInfo, peer?: Peer): Promise<Response>
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, user: UserInfo): void
}

export interface Guard {
  fetch(request: Request, peer: Peer): Promise<Response>
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, peer: Peer): void
}

export function createSecurity({ storage, tokens, clock, random, log }: SecurityOptions): Security {
  const authorizer = createAuthorizer({ storage, clock })
  const tokenAuthenticator = createTokenAuthenticator({ tokens, storage, now: () => clock.now() })
  const authenticate = createAuthenticate(tokenAuthenticator)
  const webhooks = createWebhookAdmission({ storage, clock, log, authorize: authorizer.authorize })
  const policies = createPolicyAdmission({ storage, clock, authorize: authorizer.authorize })
  const limitRanges = createNamespaceIndex<LimitRange>({ storage, clock }, "limitranges")
  const quotas = createNamespaceIndex<ResourceQuota>({ storage, clock }, "resourcequotas")
  const identify = async (asked: Asked, peer: Peer): Promise<UserInfo> =>
    impersonated(await authenticate(asked, peer), asked.headers, authorizer.authorize)
  return {
    ready: Promise.all([authorizer.ready, webhooks.ready, policies.ready, limitRanges.ready, quotas.ready]).then(
      () => undefined,
    ),
    authorize: authorizer.authorize,
    admission: [
      createNamespaceLifecycle(storage),
      createServiceAccountAdmission({ storage, clock, random }),
      createPodDefaults(storage),
      createLimitRanger(limitRanges),
      policies,
      webhooks,
      // Last: it judges what the webhooks have made of a role.
      createEscalationCheck(authorizer),
      // After the webhooks: none of them says who asked for a certificate.
      createCertificateAdmission(authorizer),
      createNodeRestriction(),
      createPodSecurity(storage),
      // Last of all: what is refused by another is not charged.
      createQuotaAdmission(storage, quotas),
    ],
    virtual: createReviews({ storage, tokens, clock, authorizer, tokenAuthenticator }),
    guard: (server) => guardOf(server, identify),
    close: () => {
      authorizer.close()
      webhooks.close()
      policies.close()
      limitRanges.close()
      quotas.close()
    },
  }
}

function guardOf(server: Guarded, identify: (asked: Asked, peer: Peer) => Promise<UserInfo>): Guard {
  return {
    fetch: async (request, peer) => {
      let user: UserInfo
      try {
        user = await identify(request, peer)
      } catch (error) {
        return errorResponse(error)
      }
      return server.handle(request, user, peer)
    },
    upgrade: (incoming, socket, head, peer) => {
      identify({ url: new URL(incoming.url ?? "/", "https://host").href, headers: headersOf(incoming) }, peer).then(
        (user) => server.upgrade(incoming, socket, head, user),
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
