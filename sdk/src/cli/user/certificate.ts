import { CertificateSigningRequest } from "../../api/certificates/certificate-signing-request.ts"
import { isStatus } from "../../api/meta/status-error.ts"
import type { Client } from "../../client/client.ts"
import { resourcePath } from "../../client/path.ts"
import { CommandError, type Context, exitCodes } from "../context.ts"
import { formatElapsed } from "../duration.ts"
import { watchOn } from "../watch-on.ts"

const signerName = "kubernetes.io/kube-apiserver-client"
/** A signer takes milliseconds; some clusters have none for users. */
const issueTimeoutMs = 30_000

export interface WantedCertificate {
  readonly user: string
  readonly requestPem: string
  readonly expiresMs: number
}

/** Asks for a certificate, approves that in the caller's own name, and waits for it; PEM. */
export async function issueUserCertificate(
  context: Context,
  client: Client,
  wanted: WantedCertificate,
): Promise<string> {
  const request = await client.create(CertificateSigningRequest, {
    metadata: { generateName: `wick-user-${slug(wanted.user)}-` },
    spec: {
      request: Buffer.from(wanted.requestPem).toString("base64"),
      signerName,
      expirationSeconds: Math.floor(wanted.expiresMs / 1000),
      usages: ["digital signature", "client auth"],
    },
  })
  const { name } = request.metadata
  try {
    await approve(context, client, request)
    return await issued(context, client, name)
  } catch (error) {
    // Its key is about to be forgotten. A signer's own clean-up takes what we may not delete.
    await client.delete(CertificateSigningRequest, { name }).catch(() => undefined)
    throw error
  }
}

async function approve(context: Context, client: Client, request: CertificateSigningRequest): Promise<void> {
  const now = `${new Date(context.clock.now()).toISOString().slice(0, 19)}Z`
  const approval = {
    type: "Approved",
    status: "True",
    reason: "WickUserCreate",
    message: "This request was approved by wick user create.",
    lastUpdateTime: now,
  }
  const body = { ...request, status: { conditions: [approval] } }
  try {
    await client.request(
      resourcePath(CertificateSigningRequest, { name: request.metadata.name, subresource: "approval" }),
      { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
    )
  } catch (error) {
    if (!isStatus(error, "Forbidden")) throw error
    throw new CommandError(
      `you may ask for a certificate but not approve it: ${(error as Error).message}`,
      `ask for the rights to update certificatesigningrequests/approval and to approve signers "${signerName}"`,
    )
  }
}

async function issued(context: Context, client: Client, name: string): Promise<string> {
  const ended = new AbortController()
  const timer = context.clock.timer(issueTimeoutMs, () => ended.abort())
  const signal = AbortSignal.any([ended.signal, context.interrupted])
  try {
    const selected = { fieldSelector: `metadata.name=${name}`, signal }
    const watch = () => client.watch(CertificateSigningRequest, selected)
    for await (const { type, object } of watchOn(context.clock, watch, signal)) {
      if (type === "BOOKMARK") continue
      if (type === "DELETED") throw new CommandError("the request for the certificate was deleted meanwhile")
      const { certificate, conditions = [] } = object.status ?? {}
      if (certificate) return Buffer.from(certificate, "base64").toString("utf8")
      const no = conditions.find((condition) => ["Denied", "Failed"].includes(condition.type))
      if (no) throw new CommandError(`the signer gives no certificate: ${no.message ?? no.reason ?? no.type}`)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    timer.cancel()
    ended.abort()
  }
  if (context.interrupted.aborted) throw new CommandError("interrupted", undefined, exitCodes.interrupted)
  throw new CommandError(
    `no certificate was issued within ${formatElapsed(issueTimeoutMs)}: perhaps nothing in this cluster signs for ${signerName}`,
    "kubectl get csr",
    exitCodes.notReady,
  )
}

/** A part of an object's name that a person knows the user by. */
function slug(user: string): string {
  return (
    user
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-|-$/g, "") || "x"
  )
}
