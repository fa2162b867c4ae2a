import * as z from "zod"
import { optional, required } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { RevisionTemplate } from "./revision-spec.ts"
import { configurationStatusFields, latestColumns, readyColumns, servingStatusFields } from "./status.ts"

export const Configuration = defineKind({
  group: "serving.knative.dev",
  version: "v1",
  kind: "Configuration",
  plural: "configurations",
  shortNames: ["config", "cfg"],
  categories: ["all", "knative", "serving"],
  openapiName: "dev.knative.serving.v1.Configuration",
  description: "Configuration keeps the history of an app: every change of its template makes a Revision.",
  schema: z.object({
    spec: required(
      z.object({ template: required(RevisionTemplate, "The newest revision: a change makes another.") }),
      "What the configuration should be.",
    ),
    status: optional(
      z.object({ ...servingStatusFields, ...configurationStatusFields }),
      "What the configuration is doing.",
    ),
  }),
  subresources: { status: true },
  columns: [...latestColumns, ...readyColumns],
})
export type Configuration = KindOf<typeof Configuration>
