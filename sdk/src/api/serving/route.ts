import * as z from "zod"
import { optional, required } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { readyColumns, servingStatusFields, urlColumn } from "./status.ts"
import { routeStatusFields, TrafficTarget } from "./traffic.ts"

export const Route = defineKind({
  group: "serving.knative.dev",
  version: "v1",
  kind: "Route",
  plural: "routes",
  shortNames: ["rt"],
  categories: ["all", "knative", "serving"],
  openapiName: "dev.knative.serving.v1.Route",
  description: "Route gives a URL to revisions and shares the traffic out between them.",
  schema: z.object({
    spec: required(
      z.object({ traffic: optional(z.array(TrafficTarget), "Where traffic goes.") }),
      "Where traffic should go.",
    ),
    status: optional(z.object({ ...servingStatusFields, ...routeStatusFields }), "Where traffic goes."),
  }),
  subresources: { status: true },
  columns: [urlColumn, ...readyColumns],
})
export type Route = KindOf<typeof Route>
