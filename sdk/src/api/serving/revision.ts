import * as z from "zod"
import { int32, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { RevisionSpec } from "./revision-spec.ts"
import { readyColumns, servingStatusFields } from "./status.ts"

export const RevisionContainerStatus = z.object({
  name: optional(text, "Name of the container."),
  imageDigest: optional(text, "Image by digest."),
})

export const Revision = defineKind({
  group: "serving.knative.dev",
  version: "v1",
  kind: "Revision",
  plural: "revisions",
  shortNames: ["rev"],
  categories: ["all", "knative", "serving"],
  openapiName: "dev.knative.serving.v1.Revision",
  description: "Revision is one state of an app's code and settings; it never changes.",
  schema: z.object({
    spec: required(RevisionSpec, "What the revision runs."),
    status: optional(
      z.object({
        ...servingStatusFields,
        containerStatuses: optional(z.array(RevisionContainerStatus), "Images of the containers, by digest."),
        initContainerStatuses: optional(z.array(RevisionContainerStatus), "Images of the init containers, by digest."),
        logUrl: optional(text, "Where its logs are."),
        actualReplicas: optional(int32, "Pods that run."),
        desiredReplicas: optional(int32, "Pods that should run."),
      }),
      "What the revision is doing.",
    ),
  }),
  subresources: { status: true },
  columns: [
    {
      name: "Config Name",
      type: "string",
      jsonPath: ".metadata.labels['serving\\.knative\\.dev/configuration']",
    },
    {
      name: "Generation",
      type: "string",
      jsonPath: ".metadata.labels['serving\\.knative\\.dev/configurationGeneration']",
    },
    ...readyColumns,
    { name: "Actual Replicas", type: "integer", jsonPath: ".status.actualReplicas" },
    { name: "Desired Replicas", type: "integer", jsonPath: ".status.desiredReplicas" },
  ],
})
export type Revision = KindOf<typeof Revision>
