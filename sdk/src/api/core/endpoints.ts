import * as z from "zod"
import { age } from "../column.ts"
import { atomicList, atomicMap, coreType, defaulted, int32, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { ObjectReference } from "./object-reference.ts"

export const EndpointAddress = coreType(
  "EndpointAddress",
  "An address behind a service.",
  z.object({
    ip: required(text, "The address."),
    hostname: optional(text, "Its host name."),
    nodeName: optional(text, "Node that it is on."),
    targetRef: optional(ObjectReference, "The pod."),
  }),
  atomicMap,
)
export const EndpointPort = coreType(
  "EndpointPort",
  "A port behind a service.",
  z.object({
    name: optional(text, "Name of the port of the service."),
    port: required(int32, "Number of the port."),
    protocol: defaulted(text, "TCP", "Protocol of the port."),
    appProtocol: optional(text, "Protocol above it."),
  }),
  atomicMap,
)
export const EndpointSubset = coreType(
  "EndpointSubset",
  "Addresses with the same ports.",
  z.object({
    addresses: optional(z.array(EndpointAddress), "Ready ones.", atomicList),
    notReadyAddresses: optional(z.array(EndpointAddress), "Those not ready.", atomicList),
    ports: optional(z.array(EndpointPort), "Their ports.", atomicList),
  }),
)

function endpointsText(endpoints: { subsets?: z.output<typeof EndpointSubset>[] }): string {
  const shownMax = 3
  const all = (endpoints.subsets ?? []).flatMap(({ addresses = [], ports = [] }) =>
    addresses.flatMap(({ ip }) => (ports.length === 0 ? [ip] : ports.map(({ port }) => `${ip}:${port}`))),
  )
  if (all.length === 0) return "<none>"
  const more = all.length > shownMax ? ` + ${all.length - shownMax} more...` : ""
  return all.slice(0, shownMax).join(",") + more
}

export const Endpoints = defineKind({
  group: "",
  version: "v1",
  kind: "Endpoints",
  plural: "endpoints",
  singular: "endpoints",
  shortNames: ["ep"],
  description: "Endpoints lists the addresses behind a service, in the older form.",
  schema: z.object({ subsets: optional(z.array(EndpointSubset), "The addresses.", atomicList) }),
  columns: [{ name: "Endpoints", type: "string", value: endpointsText }, age],
})
export type Endpoints = KindOf<typeof Endpoints>
