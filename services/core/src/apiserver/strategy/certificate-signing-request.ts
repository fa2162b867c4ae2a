import type { CertificateSigningRequest } from "@wick/sdk/api/certificates/certificate-signing-request"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { jsonEqual } from "../patch/json-value.ts"
import { forgetStatus } from "./initial-status.ts"
import { duplicate, each, invalid, oneOf, present, repeated, required, unsupported } from "./mistake.ts"
import type { Strategy } from "./strategy.ts"

const secondsMin = 600
const conditionStatuses = ["False", "True", "Unknown"]
const lasting = ["Approved", "Denied", "Failed"]
const knownUsages = [
  "any",
  "cert sign",
  "client auth",
  "code signing",
  "content commitment",
  "crl sign",
  "data encipherment",
  "decipher only",
  "digital signature",
  "email protection",
  "encipher only",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "key agreement",
  "key encipherment",
  "microsoft sgc",
  "netscape sgc",
  "ocsp signing",
  "s/mime",
  "server auth",
  "signing",
  "timestamping",
]

/** What is asked for never changes. Whether the request itself can be read is seen in admission: that takes a library. */
export const certificateSigningRequests: Strategy = {
  prepareCreate: forgetStatus,
  validate(object, old) {
    const { spec } = object as unknown as CertificateSigningRequest
    if (old && !jsonEqual(spec, old.spec)) return [invalid("spec", "<spec>", "field is immutable")]
    const { usages, expirationSeconds } = spec
    return [
      ...(usages?.length ? [] : [required("spec.usages")]),
      ...each("spec.usages", usages, (usage, at) => oneOf(at, usage, knownUsages)),
      ...repeated("spec.usages", usages, (usage) => usage, ""),
      ...signerMistakes(spec.signerName),
      ...(expirationSeconds !== undefined && expirationSeconds < secondsMin
        ? [invalid("spec.expirationSeconds", expirationSeconds, tooShort)]
        : []),
    ]
  },
  validateStatus(object) {
    const { status } = object as unknown as CertificateSigningRequest
    const types = (status?.conditions ?? []).map(({ type }) => type)
    const both = types.includes("Approved") && types.includes("Denied")
    return [
      ...each("status.conditions", status?.conditions, ({ type, status: holds }, at, index) => [
        ...present(`${at}.type`, type),
        ...(types.indexOf(type) < index ? [duplicate(`${at}.type`, type)] : []),
        ...oneOf(`${at}.status`, holds, conditionStatuses),
        ...(lasting.includes(type) && holds !== "True" ? [unsupported(`${at}.status`, holds, ["True"])] : []),
      ]),
      ...(both
        ? [invalid("status.conditions", types.join(","), "Approved and Denied conditions are mutually exclusive")]
        : []),
    ]
  },
}

const tooShort = `may not specify a duration less than ${secondsMin} seconds (10 minutes)`
const signerShape = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+\/[^/\s]+$/

function signerMistakes(name: string): FieldError[] {
  if (!name) return [required("spec.signerName")]
  const detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
  return signerShape.test(name) ? [] : [invalid("spec.signerName", name, detail)]
}
