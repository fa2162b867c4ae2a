import { renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { AutoscalerOptions } from "@wick/autoscaler"
import type { ControlPlane } from "@wick/core"
import { serviceUser } from "@wick/sdk/api/serving/roles"
import { hostPort } from "@wick/sdk/host-port"
import { autoscalerServerName } from "@wick/sdk/wire"
import { autoscalerSocket } from "./activators.ts"
import type { Options } from "./options.ts"

/** The port after the one of the store's peers is the autoscaler's, for activators of other hosts. */
const portOffset = 1

/** Where this host's autoscaler listens for activators of other hosts, while it leads. Undefined: there are none. */
export async function remoteLoad(
  { peer }: Pick<Options, "peer">,
  { pki }: Pick<ControlPlane, "pki">,
): Promise<AutoscalerOptions["remote"]> {
  if (peer === undefined) return undefined
  const { certificatePem, privateKeyPem } = await pki.serve("autoscaler", [autoscalerServerName])
  const { authorityPem } = pki
  const security = { certificatePem, privateKeyPem, authorityPem, activatorName: serviceUser("activator").name }
  return { listen: hostPort(peer.host, peer.port + portOffset), security }
}

/**
 * What activators are told of where the autoscaler is: this host's socket, or a file of all places where it may be, which
 * is kept up to date and read at every attempt to connect.
 */
export function autoscalerPlaces(
  directory: string,
  cluster: ControlPlane["cluster"],
): Disposable & { readonly address: string } {
  const socket = autoscalerSocket(directory)
  if (cluster === undefined) return { address: socket, [Symbol.dispose]: () => {} }
  const path = join(directory, "autoscalers")
  const write = (): void => {
    const others = cluster.members().filter(({ id }) => id !== cluster.self)
    const places = others.flatMap(({ peerUrls }) => peerUrls.slice(0, 1).map(placeOf))
    writeFileSync(`${path}.new`, [socket, ...places, ""].join("\n"), { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }
  write()
  return { address: `@${path}`, [Symbol.dispose]: cluster.onChange(write) }
}

function placeOf(peerUrl: string): string {
  const { hostname, port } = new URL(peerUrl)
  return `${hostname}:${Number(port) + portOffset}`
}
