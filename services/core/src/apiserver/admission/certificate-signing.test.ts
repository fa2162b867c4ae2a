import type { AnyObject } from "@wick/sdk/api/kind"
import { describe, expect, it } from "vitest"
import type { UserInfo } from "../authentication/user.ts"
import { createCertificateAdmission } from "./certificate-signing.ts"
import type { AdmissionAttributes } from "./step.ts"

const signerName = "example.com/mine"
const jo: UserInfo = { name: "jo", groups: ["dev"], extra: { team: ["a"] } }
const request = (spec: object, status: object = {}): AnyObject => ({
  apiVersion: "certificates.k8s.io/v1",
  kind: "CertificateSigningRequest",
  metadata: { name: "it" },
  spec: { request: "", signerName, ...spec },
  status,
})

function write(changed: Partial<AdmissionAttributes>): AdmissionAttributes {
  return {
    operation: "UPDATE",
    group: "certificates.k8s.io",
    version: "v1",
    kind: "CertificateSigningRequest",
    resource: "certificatesigningrequests",
    subresource: "",
    namespace: "",
    name: "it",
    object: request({}),
    oldObject: request({}),
    user: jo,
    dryRun: false,
    warn: () => {},
    ...changed,
  }
}

/** What the step says when jo may do `verb` for the signers of these names. */
async function judge(changed: Partial<AdmissionAttributes>, verb = "", names: readonly string[] = []): Promise<string> {
  const step = createCertificateAdmission({
    authorize: (_, action) => ({
      allowed: action.kind === "resource" && action.verb === verb && names.includes(action.name),
      reason: "",
    }),
  })
  try {
    await step.validate?.(write(changed))
    return ""
  } catch (error) {
    return (error as Error).message
  }
}

describe("a request for a certificate", () => {
  it("says who asked for it, whatever its writer says", () => {
    const object = request({ username: "other", uid: "1", groups: ["system:masters"], extra: { team: ["b"] } })
    const step = createCertificateAdmission({ authorize: () => ({ allowed: false, reason: "" }) })
    void step.mutate?.(write({ operation: "CREATE", object, oldObject: undefined }))
    expect(object.spec).toEqual({ request: "", signerName, username: "jo", groups: ["dev"], extra: { team: ["a"] } })
  })

  const refusal = (verb: string): string =>
    `certificatesigningrequests.certificates.k8s.io "it" is forbidden: user not permitted to ${verb} requests with signerName "example.com/mine"`
  const certificate = { subresource: "status", object: request({}, { certificate: "b25l" }) }
  it.each([
    { name: "is not approved by anybody", by: { subresource: "approval" }, says: refusal("approve") },
    { name: "is approved by right", by: { subresource: "approval" }, verb: "approve", names: [signerName], says: "" },
    { name: "… for a domain", by: { subresource: "approval" }, verb: "approve", names: ["example.com/*"], says: "" },
    {
      name: "is not approved by right for another signer",
      by: { subresource: "approval" },
      verb: "approve",
      names: ["example.com/other"],
      says: refusal("approve"),
    },
    {
      name: "is not signed by its approver",
      by: certificate,
      verb: "approve",
      names: [signerName],
      says: refusal("sign"),
    },
    { name: "is signed by right", by: certificate, verb: "sign", names: [signerName], says: "" },
    { name: "is labelled by anybody", by: {}, says: "" },
  ])("$name", async ({ by, verb, names, says }) => expect(await judge(by, verb, names)).toBe(says))
})
