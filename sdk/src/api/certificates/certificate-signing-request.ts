import * as z from "zod"
import { age } from "../column.ts"
import { atomicList, bytes, int32, mapList, named, optional, required, text, texts } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { ConditionStatus } from "../meta/condition.ts"
import { Time } from "../meta/object-meta.ts"
import { formatAge } from "../meta/time.ts"

const certificates = "io.k8s.api.certificates.v1."

export const CertificateSigningRequestCondition = named(
  `${certificates}CertificateSigningRequestCondition`,
  "Whether the request was approved, denied, or has failed.",
  z.object({
    type: required(text, "Approved, Denied or Failed."),
    status: required(ConditionStatus, "Whether it holds."),
    reason: optional(text, "Why, in one word."),
    message: optional(text, "Why."),
    lastUpdateTime: optional(Time, "When it was last said."),
    lastTransitionTime: optional(Time, "When the status last changed."),
  }),
)

export const CertificateSigningRequest = defineKind({
  group: "certificates.k8s.io",
  version: "v1",
  kind: "CertificateSigningRequest",
  plural: "certificatesigningrequests",
  shortNames: ["csr"],
  namespaced: false,
  description: "CertificateSigningRequest asks a signer for a certificate.",
  schema: z.object({
    spec: required(
      named(
        `${certificates}CertificateSigningRequestSpec`,
        "What is asked for, and by whom. Never changes.",
        z.object({
          request: required(bytes, "The request, PEM.", { "x-kubernetes-list-type": "atomic" }),
          signerName: required(text, "The signer, as `domain/name`."),
          expirationSeconds: optional(int32, "How long the certificate should hold; the signer may give less."),
          usages: optional(z.array(text), "What it may be used for.", atomicList),
          username: optional(text, "Who asked; the server says so."),
          uid: optional(text, "UID of who asked."),
          groups: optional(z.array(text), "Groups of who asked.", atomicList),
          extra: optional(z.record(text, texts), "What else is known of who asked."),
        }),
      ),
      "What is asked for.",
    ),
    status: optional(
      named(
        `${certificates}CertificateSigningRequestStatus`,
        "What became of it.",
        z.object({
          conditions: optional(z.array(CertificateSigningRequestCondition), "The decision.", mapList("type")),
          certificate: optional(bytes, "The certificate, PEM, once it is issued.", {
            "x-kubernetes-list-type": "atomic",
          }),
        }),
      ),
      "What became of it.",
    ),
  }),
  subresources: { status: true },
  selectableFields: ["spec.signerName"],
  columns: [
    age,
    { name: "SignerName", type: "string", jsonPath: ".spec.signerName" },
    { name: "Requestor", type: "string", value: ({ spec }) => spec.username ?? "" },
    {
      name: "RequestedDuration",
      type: "string",
      value: ({ spec }) =>
        spec.expirationSeconds === undefined ? "<none>" : formatAge(spec.expirationSeconds * 1_000),
    },
    { name: "Condition", type: "string", value: (it): string => decision(it) },
  ],
})
export type CertificateSigningRequest = KindOf<typeof CertificateSigningRequest>

function decision({ status }: CertificateSigningRequest): string {
  const types = (status?.conditions ?? []).map(({ type }) => type)
  const said = ["Approved", "Denied", "Failed"].filter((type) => types.includes(type))
  return [...(said.length > 0 ? said : ["Pending"]), ...(status?.certificate ? ["Issued"] : [])].join(",")
}
