import { SubjectAccessReview } from "@wick/sdk/api/authorization/subject-access-review"
import { CertificateSigningRequest } from "@wick/sdk/api/certificates/certificate-signing-request"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { createController, done, type Result, wakeAfter, watchOf } from "@wick/sdk/controller"
import type { ControllerContext } from "../context.ts"
import { decide } from "./decide.ts"
import type { RequestedSubject } from "./signer.ts"

/** The cluster's authority, as far as the controller is let at it. */
export interface CertificateSigner {
  /** Whom a request (PEM) names; throws when it cannot be read. */
  read(requestPem: string): Promise<RequestedSubject>
  /** The certificate, PEM. */
  sign(order: { requestPem: string; usages: readonly string[]; lifetimeMs: number }): Promise<string>
}

type Request = CertificateSigningRequest
type Condition = NonNullable<NonNullable<Request["status"]>["conditions"]>[number]

/**
 * Issues what was approved by the signers of the cluster's own authority, approves what nodes ask for themselves, and
 * removes requests that have been answered, or that nobody has answered, for long.
 */
export function startCertificateSigning(context: ControllerContext, signer: CertificateSigner): AsyncDisposable {
  const { client, informers, clock, log, metrics } = context
  const requests = informers(CertificateSigningRequest)

  const reconcile = async (name: string): Promise<Result> => {
    const request = requests.get(name)
    if (!request || request.metadata.deletionTimestamp !== undefined) return done
    const requestPem = Buffer.from(request.spec.request, "base64").toString("latin1")
    const plan = decide(request, await signer.read(requestPem), clock.now())
    switch (plan.kind) {
      case "wait":
        return wakeAfter(plan.ms)
      case "remove":
        await client.delete(CertificateSigningRequest, { name }, { preconditions: { uid: request.metadata.uid } })
        return done
      case "fail":
        await write("status", request, {
          conditions: withCondition(request, "Failed", "SignerValidationFailure", plan.message),
        })
        return done
      case "sign": {
        const { usages = [] } = request.spec
        const certificatePem = await signer.sign({ requestPem, usages, lifetimeMs: plan.lifetimeMs })
        await write("status", request, { certificate: Buffer.from(certificatePem).toString("base64") })
        return done
      }
      case "approve": {
        const right = await firstAllowed(request, plan.rights)
        if (right === undefined) return wakeAfter(plan.waitMs)
        const what = right === "selfnodeclient" ? "self kubelet" : "kubelet"
        const message = `Auto approving ${what} client certificate after SubjectAccessReview.`
        await write("approval", request, { conditions: withCondition(request, "Approved", "AutoApproved", message) })
        return done
      }
    }
  }

  const firstAllowed = async ({ spec }: Request, rights: readonly string[]): Promise<string | undefined> => {
    const { username = "", uid = "", groups = [], extra = {} } = spec
    const { group, plural: resource } = CertificateSigningRequest
    for (const subresource of rights) {
      const resourceAttributes = { verb: "create", group, resource, subresource }
      const asked = { user: username, uid, groups, extra, resourceAttributes }
      const { status } = await client.create(SubjectAccessReview, { metadata: {}, spec: asked })
      if (status?.allowed) return subresource
    }
    return undefined
  }

  const write = async (subresource: "status" | "approval", { metadata }: Request, status: object): Promise<void> => {
    const { name, uid, resourceVersion } = metadata
    const body = { metadata: { uid, resourceVersion }, status }
    await client.patch(CertificateSigningRequest, { name }, { type: "merge", body }, { subresource })
  }

  return createController({
    name: "certificate-controller",
    clock,
    log,
    metrics,
    watches: [watchOf(requests, ({ after }) => (after ? [after.metadata.name] : []))],
    reconcile: (name) => reconcile(name).catch(ignoreOutdated),
  })
}

function withCondition({ status }: Request, type: string, reason: string, message: string): Condition[] {
  return [...(status?.conditions ?? []), { type, status: "True", reason, message }]
}

/** Somebody else was first: what they wrote wakes us again. */
function ignoreOutdated(error: unknown): Result {
  if (isStatus(error, "Conflict", "NotFound")) return done
  throw error
}
