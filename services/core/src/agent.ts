import { join } from "node:path"
import type { Clock, Random } from "@wick/sdk/clock"
import { createInformers } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import { identities, type NodeConnection } from "#apiserver"
import { type Containerd, startContainerd } from "#containerd"
import { startDns } from "#dns"
import { criRuntime, type Runtime } from "#kubelet"
import type { Network } from "#network"
import type { ControlPlane } from "./server.ts"

export interface NodeOptions {
  readonly name: string
  /** Six hex digits that tell this Wick from others on the host. */
  readonly instance: string
  /** `containerd/` and `kubelet/` are kept in here. */
  readonly directory: string
  readonly controlPlane: ControlPlane
  /** Undefined: pods are plain processes on the host's own network. */
  readonly network: Network | undefined
  readonly clusterDomain: string
  /** Registries that are spoken to in plain HTTP. */
  readonly plainRegistries: readonly string[]
  readonly containerRuntimeEndpoint: string | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface RunningNode extends AsyncDisposable {
  /** How the API server reaches the kubelet, for logs and exec. */
  readonly connection: NodeConnection | undefined
  /** Ends every pod, then what runs them. Disposing alone leaves pods running, to be adopted by the next start. */
  stop(): Promise<void>
}

/** The node side of one machine: containerd, kubelet, service rules, cluster DNS. */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { network, controlPlane, clock, log } = options
  await using undo = new AsyncDisposableStack()
  const networkClient = controlPlane.clientAs(identities.network)
  const informers = undo.use(createInformers(networkClient, clock, log))
  if (network) await network.followServices(informers)
  if (network) undo.use(await startDns({ host: network.dnsServer, zone: options.clusterDomain, informers, log }))
  const containerd = network && (await openContainerd(options, network))
  if (containerd) undo.use(containerd)
  const stack = undo.move()
  return {
    connection: undefined,
    stop: async () => {
      await containerd?.stop()
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

function openContainerd(options: NodeOptions, network: Network): Promise<Containerd> {
  const { directory, plainRegistries, clock, log, containerRuntimeEndpoint: endpoint } = options
  const { cniConfDir, cniBinDirs } = network
  const given = { cniConfDir, cniBinDirs, plainRegistries, clock, log }
  return startContainerd({ directory: join(directory, "containerd"), ...given, ...(endpoint && { endpoint }) })
}

export function runtimeOf(containerd: Containerd): Runtime {
  return criRuntime(containerd)
}
