import * as z from "zod"
import { flag, int64, named, optional, text } from "../field.ts"

export const TrafficTarget = named(
  "dev.knative.serving.v1.TrafficTarget",
  "A share of the traffic and where it goes.",
  z.object({
    tag: optional(text, "Gives the target a URL of its own."),
    revisionName: optional(text, "Revision that gets it."),
    configurationName: optional(text, "Configuration whose latest ready revision gets it; in a Route only."),
    latestRevision: optional(flag, "Whether the latest ready revision gets it."),
    percent: optional(int64, "Share of the traffic, 0 to 100."),
    url: optional(text, "URL of the tag; set by the controller."),
  }),
)
export type TrafficTarget = z.output<typeof TrafficTarget>

export const Addressable = named(
  "dev.knative.pkg.apis.duck.v1.Addressable",
  "Where to send events and requests.",
  z.object({
    name: optional(text, "Name of the address."),
    url: optional(text, "The address."),
    CACerts: optional(text, "PEM certificates that its certificate is checked against."),
    audience: optional(text, "Audience of tokens for it."),
  }),
)

/** What a Route's and a Service's status tell of addresses and traffic. */
export const routeStatusFields = {
  url: optional(text, "URL from outside."),
  address: optional(Addressable, "Address from inside the cluster."),
  traffic: optional(z.array(TrafficTarget), "The traffic as it flows."),
}
