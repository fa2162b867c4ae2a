import * as z from "zod"
import { ObjectReference } from "../core/object-reference.ts"
import { int32, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { readyColumns, servingStatusFields } from "../serving/status.ts"

export const ServerlessService = defineKind({
  group: "networking.internal.knative.dev",
  version: "v1alpha1",
  kind: "ServerlessService",
  plural: "serverlessservices",
  shortNames: ["sks"],
  categories: ["knative-internal", "networking"],
  openapiName: "dev.knative.internal.networking.v1alpha1.ServerlessService",
  description: "ServerlessService says who answers at a revision's Service: its pods, or activators in their stead.",
  schema: z.object({
    spec: required(
      z.object({
        mode: optional(z.enum(["Serve", "Proxy"]), "Serve: its pods answer. Proxy: activators do."),
        objectRef: required(ObjectReference, "What runs the pods."),
        protocolType: required(text, "http1 or h2c."),
        numActivators: optional(int32, "How many activators may answer; 0 is all."),
      }),
      "Who should answer.",
    ),
    status: optional(
      z.object({
        ...servingStatusFields,
        serviceName: optional(text, "Service at which clients call."),
        privateServiceName: optional(text, "Service with the pods alone."),
      }),
      "Who answers.",
    ),
  }),
  subresources: { status: true },
  columns: [
    { name: "Mode", type: "string", jsonPath: ".spec.mode" },
    { name: "Activators", type: "integer", jsonPath: ".spec.numActivators" },
    { name: "ServiceName", type: "string", jsonPath: ".status.serviceName" },
    { name: "PrivateServiceName", type: "string", jsonPath: ".status.privateServiceName" },
    ...readyColumns,
  ],
})
export type ServerlessService = KindOf<typeof ServerlessService>
