import { systemNamespace } from "@wick/sdk/api/serving/config"
import type { Informers } from "@wick/sdk/controller"
import { hostPort } from "@wick/sdk/host-port"
import { WatchedEndpointSlice } from "./watched-kinds.ts"

const ofService = (name: string): string => `kubernetes.io/service-name=${name}`
const labelSelector = ofService("activator-service")
const adminPort = "admin"
const loadPort = "load"

/** An activator by where others reach its admin endpoint, `http://10.0.0.7:8081`, which is its name among them too. */
export type Listed = ReadonlyMap<string, { readonly eligible: boolean }>

/** Where the autoscalers behind a Service of serving's namespace are spoken to, now and whenever that changes. */
export function followAutoscalers(
  informers: Informers,
  service: string,
  tell: (addresses: ReadonlySet<string>) => void,
): void {
  const slices = informers(WatchedEndpointSlice, { namespace: systemNamespace, labelSelector: ofService(service) })
  const look = (): void => {
    const places = slices.list(systemNamespace).flatMap(({ endpoints, ports }) => {
      const port = ports?.find(({ name }) => name === loadPort)?.port
      const addresses = (endpoints ?? []).flatMap((endpoint) => endpoint.addresses)
      return port === undefined ? [] : addresses.map((address) => hostPort(address, port))
    })
    tell(new Set(places))
  }
  void slices.synced.then(() => {
    look()
    slices.onChange(look)
  })
}

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
        for (const address of addresses) listed.set(`http://${hostPort(address, port)}`, { eligible })
      }
    }
    tell(listed)
  }
  return slices.synced.then(() => {
    look()
    slices.onChange(look)
  })
}
