import { defineKind } from "@wick/sdk/api/kind"
import { systemNamespace } from "@wick/sdk/api/serving/config"
import type { Informers } from "@wick/sdk/controller"
import * as z from "zod"

interface EndpointsView {
  readonly addresses: readonly string[]
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean }
}

interface PortView {
  readonly name?: string
  readonly port?: number
}

/** What the activator reads of EndpointSlices; see `watched-kinds.ts`. */
const WatchedEndpointSlice = defineKind({
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  description: "Where activators are.",
  schema: z.object({
    endpoints: z.custom<readonly EndpointsView[] | null | undefined>(),
    ports: z.custom<readonly PortView[] | null | undefined>(),
  }),
})

const labelSelector = "kubernetes.io/service-name=activator-service"
const adminPort = "admin"

/** An activator by where others reach its admin endpoint, `http://10.0.0.7:8081`, which is its name among them too. */
export type Listed = ReadonlyMap<string, { readonly eligible: boolean }>

/** Tells who stands behind the Service `knative-serving/activator-service`, now and whenever that changes. */
export function followActivators(informers: Informers, tell: (listed: Listed) => void): Promise<void> {
  const slices = informers(WatchedEndpointSlice, { namespace: systemNamespace, labelSelector })
  const look = (): void => {
    const listed = new Map<string, { eligible: boolean }>()
    for (const { endpoints, ports } of slices.list(systemNamespace)) {
      const port = ports?.find(({ name }) => name === adminPort)?.port
      if (port === undefined) continue
      for (const { addresses, conditions } of endpoints ?? []) {
        const eligible = conditions?.ready !== false && conditions?.terminating !== true
        // One that is neither serves nobody any more: it holds nothing.
        if (!eligible && conditions?.serving === false) continue
        for (const address of addresses) listed.set(`http://${address}:${port}`, { eligible })
      }
    }
    tell(listed)
  }
  return slices.synced.then(() => {
    look()
    slices.onChange(look)
  })
}
