import * as z from "zod"
import { age } from "../column.ts"
import { bytes, flag, int32, mapList, named, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { ConditionStatus } from "../meta/condition.ts"
import { Time } from "../meta/object-meta.ts"

const registration = "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1."

const APIServiceCondition = named(
  `${registration}APIServiceCondition`,
  "One aspect of its state.",
  z.object({
    type: required(text, "Available."),
    status: required(ConditionStatus, "Whether it holds."),
    lastTransitionTime: optional(Time, "When the status last changed."),
    reason: optional(text, "Why, in one word."),
    message: optional(text, "Why."),
  }),
)

export const APIService = defineKind({
  group: "apiregistration.k8s.io",
  version: "v1",
  kind: "APIService",
  plural: "apiservices",
  namespaced: false,
  categories: ["api-extensions"],
  description: "APIService says which server answers for a version of a group.",
  openapiName: `${registration}APIService`,
  schema: z.object({
    spec: optional(
      named(
        `${registration}APIServiceSpec`,
        "The group, and the server.",
        z.object({
          service: optional(
            named(
              `${registration}ServiceReference`,
              "A Service of the cluster.",
              z.object({
                namespace: optional(text, "Its namespace."),
                name: optional(text, "Its name."),
                port: optional(int32, "Its port; 443 when absent."),
              }),
            ),
            "The server; this one when absent.",
          ),
          group: optional(text, "The group."),
          version: optional(text, "The version."),
          insecureSkipTLSVerify: optional(flag, "Whether any certificate of the server will do."),
          caBundle: optional(bytes, "Authorities of the server's certificate, PEM.", {
            "x-kubernetes-list-type": "atomic",
          }),
          groupPriorityMinimum: required(int32, "Groups of larger numbers are listed first."),
          versionPriority: required(int32, "Versions of larger numbers are listed first within their group."),
        }),
      ),
      "The group, and the server.",
    ),
    status: optional(
      named(
        `${registration}APIServiceStatus`,
        "Whether the server answers.",
        z.object({ conditions: optional(z.array(APIServiceCondition), "Aspects of its state.", mapList("type")) }),
      ),
      "Whether the server answers.",
    ),
  }),
  subresources: { status: true },
  columns: [
    {
      name: "Service",
      type: "string",
      value: ({ spec }) => (spec?.service ? `${spec.service.namespace}/${spec.service.name}` : "Local"),
    },
    { name: "Available", type: "string", value: (it): string => availability(it) },
    age,
  ],
})
export type APIService = KindOf<typeof APIService>

function availability({ status }: APIService): string {
  const condition = status?.conditions?.find(({ type }) => type === "Available")
  if (!condition) return "Unknown"
  return condition.status === "True" ? "True" : `${condition.status} (${condition.reason ?? ""})`
}
