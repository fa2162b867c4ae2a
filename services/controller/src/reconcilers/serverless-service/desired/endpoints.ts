import type { Endpoints } from "@wick/sdk/api/core/endpoints"
import type { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import type { NewOf } from "@wick/sdk/api/kind"
import type { ServerlessService } from "@wick/sdk/api/networking-internal/serverless-service"
import { revisionLabel } from "@wick/sdk/api/serving/revision-key"
import { childName } from "../../../child-name.ts"
import type { Place } from "../backing.ts"
import { serviceLabel, skipMirrorLabel, sliceOwnerLabel, sliceWriter, sliceWriterLabel, typeLabel } from "../labels.ts"
import { childMetadata, portName } from "./services.ts"

/** Endpoints per slice at most, and addresses in the older form, as in Kubernetes. */
const sliceMax = 100
const addressesMax = 1_000

export type NewSlice = NewOf<typeof EndpointSlice> & { readonly metadata: { readonly name: string } }
export type NewEndpoints = NewOf<typeof Endpoints> & { readonly metadata: { readonly name: string } }

/** Who answers at the public Service: a slice for each port, and more where one is full. */
export function publicSlices(service: ServerlessService, places: readonly Place[]): NewSlice[] {
  const { name } = service.metadata
  const parts = byPort(places).flatMap(([port, group]) => chunks(group, sliceMax).map((chunk) => ({ port, chunk })))
  return parts.map(({ port, chunk }, index) => {
    const metadata = childMetadata(service, "Public", childName(name, index === 0 ? "-public" : `-public-${index}`))
    const labels = { ...ownLabels(metadata.labels), [sliceOwnerLabel]: name, [sliceWriterLabel]: sliceWriter }
    return {
      metadata: { ...metadata, labels },
      addressType: "IPv4",
      endpoints: chunk.map(({ ip, nodeName, pod }) => ({
        addresses: [ip],
        conditions: { ready: true, serving: true, terminating: false },
        ...(nodeName && { nodeName }),
        ...(pod && { targetRef: { kind: "Pod", ...pod } }),
      })),
      ports: [{ name: portName(service), protocol: "TCP", port }],
    } as unknown as NewSlice
  })
}

/** The same in the older form. */
export function publicEndpoints(service: ServerlessService, places: readonly Place[]): NewEndpoints {
  const metadata = childMetadata(service, "Public", service.metadata.name)
  return {
    metadata: { ...metadata, labels: { ...ownLabels(metadata.labels), [skipMirrorLabel]: "true" } },
    subsets: byPort(places.slice(0, addressesMax)).map(([port, group]) => ({
      addresses: group.map(({ ip, nodeName, pod }) => ({
        ip,
        ...(nodeName && { nodeName }),
        ...(pod && { targetRef: { kind: "Pod", ...pod } }),
      })),
      ports: [{ name: portName(service), port, protocol: "TCP" }],
    })),
  } as unknown as NewEndpoints
}

/** By what these are found. What is to be known of the revision stands at its Service. */
function ownLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => kept.has(name)))
}

const kept = new Set<string>([serviceLabel, typeLabel, revisionLabel])

function byPort(places: readonly Place[]): [port: number, group: Place[]][] {
  const groups = new Map<number, Place[]>()
  for (const place of places) {
    const group = groups.get(place.port)
    if (group) group.push(place)
    else groups.set(place.port, [place])
  }
  return [...groups].toSorted(([a], [b]) => a - b)
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size))
}
