import * as z from "zod"
import { age } from "../column.ts"
import { ObjectReference } from "../core/object-reference.ts"
import {
  atomicList,
  atomicMap,
  defaulted,
  flag,
  int32,
  named,
  optional,
  required,
  setList,
  text,
  textMap,
  texts,
} from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"

const group = "io.k8s.api.discovery.v1."
export const EndpointConditions = named(
  `${group}EndpointConditions`,
  "State of an endpoint.",
  z.object({
    ready: optional(flag, "Whether it takes new traffic; unknown counts as yes."),
    serving: optional(flag, "Whether it can serve, also while ending."),
    terminating: optional(flag, "Whether it is ending."),
  }),
)
export const ForZone = named(`${group}ForZone`, "A zone.", z.object({ name: required(text, "Its name.") }))
export const ForNode = named(`${group}ForNode`, "A node.", z.object({ name: required(text, "Its name.") }))
export const EndpointHints = named(
  `${group}EndpointHints`,
  "Who should use an endpoint.",
  z.object({
    forZones: optional(z.array(ForZone), "From which zones.", atomicList),
    forNodes: optional(z.array(ForNode), "From which nodes.", atomicList),
  }),
)
export const Endpoint = named(
  `${group}Endpoint`,
  "A backend of a service.",
  z.object({
    addresses: required(texts, "Its addresses.", setList),
    conditions: defaulted(EndpointConditions, {}, "Its state."),
    hostname: optional(text, "Its host name."),
    targetRef: optional(ObjectReference, "The pod."),
    deprecatedTopology: optional(textMap, "Not set any more."),
    nodeName: optional(text, "Node that it is on."),
    zone: optional(text, "Zone that it is in."),
    hints: optional(EndpointHints, "Who should use it."),
  }),
)
export type Endpoint = z.output<typeof Endpoint>
export const EndpointPort = named(
  `${group}EndpointPort`,
  "A port of the endpoints.",
  z.object({
    name: defaulted(text, "", "Name of the port of the service."),
    protocol: defaulted(text, "TCP", "Protocol of the port."),
    port: optional(int32, "Number of the port."),
    appProtocol: optional(text, "Protocol above it."),
  }),
  atomicMap,
)

interface SeenSlice {
  ports?: { port?: number | undefined }[] | undefined
  endpoints?: { addresses: string[] }[]
}
const shownMax = 3
function listText(items: string[], unset: string): string {
  if (items.length === 0) return unset
  const more = items.length > shownMax ? ` + ${items.length - shownMax} more...` : ""
  return items.slice(0, shownMax).join(",") + more
}

export const EndpointSlice = defineKind({
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  description: "EndpointSlice lists addresses behind a service.",
  schema: z.object({
    addressType: required(z.enum(["IPv4", "IPv6", "FQDN"]), "What the addresses are; cannot change."),
    endpoints: required(z.array(Endpoint), "The backends.", atomicList),
    ports: optional(z.array(EndpointPort), "Their ports.", atomicList),
  }),
  columns: [
    { name: "AddressType", type: "string", value: (slice) => slice.addressType },
    {
      name: "Ports",
      type: "string",
      value: (slice: SeenSlice) =>
        listText(
          (slice.ports ?? []).map(({ port }) => String(port ?? "*")),
          "<unset>",
        ),
    },
    {
      name: "Endpoints",
      type: "string",
      value: (slice: SeenSlice) =>
        listText(
          (slice.endpoints ?? []).flatMap(({ addresses }) => addresses),
          "<unset>",
        ),
    },
    age,
  ],
})
export type EndpointSlice = KindOf<typeof EndpointSlice>
