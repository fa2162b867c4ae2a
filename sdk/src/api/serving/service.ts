import * as z from "zod"
import { optional, required } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { RevisionTemplate } from "./revision-spec.ts"
import { configurationStatusFields, latestColumns, readyColumns, servingStatusFields, urlColumn } from "./status.ts"
import { routeStatusFields, TrafficTarget } from "./traffic.ts"

export const Service = defineKind({
  group: "serving.knative.dev",
  version: "v1",
  kind: "Service",
  plural: "services",
  shortNames: ["kservice", "ksvc"],
  categories: ["all", "knative", "serving"],
  openapiName: "dev.knative.serving.v1.Service",
  description: "Service is an app with a URL: a Configuration for its revisions and a Route for its traffic.",
  schema: z.object({
    spec: required(
      z.object({
        template: required(RevisionTemplate, "The newest revision: a change makes another."),
        traffic: optional(z.array(TrafficTarget), "Where traffic goes; all to the latest revision when absent."),
      }),
      "What the service should be.",
    ),
    status: optional(
      z.object({ ...servingStatusFields, ...configurationStatusFields, ...routeStatusFields }),
      "What the service is doing.",
    ),
  }),
  subresources: { status: true },
  columns: [urlColumn, ...latestColumns, ...readyColumns],
})
export type Service = KindOf<typeof Service>
