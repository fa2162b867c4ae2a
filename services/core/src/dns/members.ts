import type { EndpointSlice } from "@wick/sdk/api"

/** A pod behind a headless service, as DNS names it. */
export interface Member {
  /** Its host name, or its address with dashes. */
  readonly label: string
  readonly address: string
  readonly ports: readonly { readonly name?: string | undefined; readonly protocol: string; readonly port: number }[]
}

/** Members that take traffic. Whoever makes the slices says "ready" of those that are published before they are. */
export function members(slices: readonly EndpointSlice[]): Member[] {
  return slices
    .filter(({ addressType }) => addressType === "IPv4")
    .flatMap((slice) => {
      const ports = (slice.ports ?? []).flatMap(({ name, protocol, port }) =>
        port === undefined ? [] : [{ name, protocol, port }],
      )
      return slice.endpoints
        .filter(({ conditions }) => conditions.ready !== false)
        .flatMap(({ addresses, hostname }) =>
          addresses.map((address) => ({ label: hostname?.toLowerCase() ?? dashed(address), address, ports })),
        )
    })
}

export function dashed(address: string): string {
  return address.replaceAll(".", "-")
}
