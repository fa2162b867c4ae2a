import * as z from "zod"
import { LocalObjectReference } from "../core/object-reference.ts"
import { optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { servingStatusFields } from "../serving/status.ts"

export const Image = defineKind({
  group: "caching.internal.knative.dev",
  version: "v1alpha1",
  kind: "Image",
  plural: "images",
  shortNames: ["img"],
  categories: ["knative-internal", "caching"],
  openapiName: "dev.knative.internal.caching.v1alpha1.Image",
  description: "Image names an image that will be needed, so that nodes can have it before.",
  schema: z.object({
    spec: required(
      z.object({
        image: required(text, "The image, by digest."),
        serviceAccountName: optional(text, "Account whose pull secrets open the registry."),
        imagePullSecrets: optional(z.array(LocalObjectReference), "Further pull secrets."),
      }),
      "What will be needed.",
    ),
    status: optional(z.object({ ...servingStatusFields }), "Whether nodes have it."),
  }),
  subresources: { status: true },
  columns: [{ name: "Image", type: "string", jsonPath: ".spec.image" }],
})
export type Image = KindOf<typeof Image>
