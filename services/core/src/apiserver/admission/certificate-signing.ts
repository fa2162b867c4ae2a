import type { CertificateSigningRequest } from "@wick/sdk/api/certificates/certificate-signing-request"
import type { AnyObject } from "@wick/sdk/api/kind"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { type RequestedSubject, readSigningRequest } from "#pki"
import type { UserInfo } from "../authentication/user.ts"
import { mastersGroup } from "../authorization/authorize.ts"
import type { Authorizer } from "../authorization/authorizer.ts"
import { jsonEqual } from "../patch/json-value.ts"
import type { AdmissionAttributes, AdmissionStep } from "./step.ts"

const group = "certificates.k8s.io"
const plural = "certificatesigningrequests"
const clientSigner = "kubernetes.io/kube-apiserver-client"

/**
 * Requests for certificates say truly who asked; who approves one or issues its certificate may do that for its signer
 * (verbs `approve` and `sign` on `signers`, by the signer's name or `domain/*`); and nobody becomes a master by one.
 */
export function createCertificateAdmission({ authorize }: Pick<Authorizer, "authorize">): AdmissionStep {
  return {
    name: "CertificateSigning",
    mutate: ({ operation, object, user, ...attributes }) => {
      if (isRequest(attributes) && operation === "CREATE" && object) object.spec = askedBy(object, user)
      return object
    },
    validate: async (attributes) => {
      if (!isRequest(attributes)) return
      const { operation, subresource, object, oldObject } = attributes
      if (operation === "CREATE" && object) await checkRequest(attributes, object)
      if (operation !== "UPDATE" || !oldObject) return
      if (subresource === "approval") requireSigner(attributes, "approve", oldObject, authorize)
      const signs = subresource === "status" && !jsonEqual(object?.status ?? {}, oldObject.status ?? {})
      if (signs) requireSigner(attributes, "sign", oldObject, authorize)
    },
  }
}

function isRequest(asked: Pick<AdmissionAttributes, "group" | "resource">): boolean {
  return asked.group === group && asked.resource === plural
}

function askedBy(object: AnyObject, { name, uid, groups, extra }: UserInfo): object {
  const { username: _, uid: __, groups: ___, extra: ____, ...spec } = object.spec as CertificateSigningRequest["spec"]
  return { ...spec, username: name, groups: [...groups], ...(uid && { uid }), ...(extra && { extra }) }
}

async function checkRequest(attributes: AdmissionAttributes, object: AnyObject): Promise<void> {
  const { request, signerName } = object.spec as CertificateSigningRequest["spec"]
  const { organizations } = await readable(attributes, request)
  if (signerName === clientSigner && organizations.includes(mastersGroup)) {
    throw refusal(attributes, `use of ${clientSigner} signer with ${mastersGroup} group is not allowed`)
  }
}

async function readable({ name }: AdmissionAttributes, request: string): Promise<RequestedSubject> {
  try {
    return await readSigningRequest(Buffer.from(request, "base64").toString("latin1"))
  } catch (error) {
    const field = "spec.request"
    const message = `Invalid value: "<request>": ${(error as Error).message}`
    throw new StatusError("Invalid", `CertificateSigningRequest.${group} "${name}" is invalid: ${field}: ${message}`, {
      name,
      group,
      kind: "CertificateSigningRequest",
      causes: [{ reason: "FieldValueInvalid", message, field }],
    })
  }
}

function requireSigner(
  attributes: AdmissionAttributes,
  verb: "approve" | "sign",
  { spec }: AnyObject,
  authorize: Authorizer["authorize"],
): void {
  const { signerName } = spec as CertificateSigningRequest["spec"]
  const names = [signerName, `${signerName.split("/")[0]}/*`]
  const allowed = names.some(
    (name) =>
      authorize(attributes.user, {
        kind: "resource",
        verb,
        group,
        resource: "signers",
        subresource: "",
        namespace: "",
        name,
      }).allowed,
  )
  if (allowed) return
  throw refusal(attributes, `user not permitted to ${verb} requests with signerName ${JSON.stringify(signerName)}`)
}

function refusal({ name }: AdmissionAttributes, why: string): StatusError {
  return new StatusError("Forbidden", `${plural}.${group} "${name}" is forbidden: ${why}`, {
    name,
    group,
    kind: plural,
  })
}
