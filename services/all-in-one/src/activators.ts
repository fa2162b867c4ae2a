import { createHash } from "node:crypto"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type KeptProcess, keepProcess } from "@wick/core/kept-process"
import type { Clock } from "@wick/sdk/clock"
import { hostPort } from "@wick/sdk/host-port"
import type { Log } from "@wick/sdk/log"
import type { Address } from "./options.ts"
import { passConnectionsOn } from "./shared-port.ts"

export interface ActivatorsOptions {
  readonly count: number
  readonly gateway: Address
  /** Where clients come in by TLS. */
  readonly secureGateway: Address
  /** The host as pods see it, and the ports at which they come in; absent where there is no pod network. */
  readonly pods?: PodPlace | undefined
  /** Ports of the admin endpoints are this one and those after it. */
  readonly adminPort: number
  readonly autoscaler: string
  readonly kubeconfig: string
  /** Tells this host's activators from those of others. */
  readonly idPrefix: string
  /** Where pid files and logs are. */
  readonly directory: string
  readonly version: string
  readonly clock: Clock
  readonly log: Log
}

interface PodPlace extends Address {
  readonly securePort: number
}

export interface Activators {
  readonly adopted: boolean
  stop(): Promise<void>
  /** Ends those that were started here; adopted ones go on. */
  abandon(): Promise<void>
}

/** Requests in flight get this long when Wick stops. */
const drainSeconds = 10
/**
 * Nobody stands before the gateway who would have to look away first; but where another process serves on, clients are
 * told with their next answer that their connection ends. One that is closed while they send costs them a request.
 */
const lingerSeconds = 1
/** A cold Node on a busy machine takes seconds to load; more is a fault that the log tells of. */
const readyMsMax = 15_000
const readyCheckMs = 20
const stopGraceMs = (lingerSeconds + drainSeconds + 2) * 1_000
/** How often an adopted activator is looked at: no stream of its own tells when it ends. */
const adoptedCheckMs = 500
/**
 * What a request leaves behind dies young where it has room to; with an eighth of it a request cost a fifth more. The
 * experiment is Node's FFI, by which malloc is told to give back what is free.
 */
const nodeFlags = ["--max-semi-space-size=16", "--disable-warning=ExperimentalWarning"]
const program = fileURLToPath(import.meta.resolve("@wick/activator/main"))

/** Keeps the gateway processes running; those that an earlier control process left are adopted. */
export async function keepActivators(options: ActivatorsOptions): Promise<Activators> {
  // One arena of malloc's saves the control process memory; a gateway under load it would cost a third more CPU.
  const { MALLOC_ARENA_MAX: _, ...env } = process.env
  const { count, gateway, secureGateway, directory, version, clock, log } = options
  if (count > 1) passConnectionsOn(log)
  const kept = await Promise.all(
    Array.from({ length: count }, (_, at): Promise<KeptProcess> => {
      const adminPort = options.adminPort + at
      const args = [
        ...["--listen", hostPort(gateway.host, gateway.port)],
        ...["--listen-https", hostPort(secureGateway.host, secureGateway.port)],
        ...["--admin", `127.0.0.1:${adminPort}`],
        ...overPodNetwork(options, adminPort),
        ...["--autoscaler", options.autoscaler],
        ...["--kubeconfig", options.kubeconfig],
        ...["--id", `${options.idPrefix}activator-${at}`],
        ...["--linger-seconds", String(count > 1 ? lingerSeconds : 0)],
        ...["--drain-seconds", String(drainSeconds)],
      ]
      const name = `activator-${at}`
      const node = [...nodeFlags, program, ...args]
      return keepProcess({
        name,
        command: process.execPath,
        args: node,
        env,
        fingerprint: createHash("sha256")
          .update(JSON.stringify([version, process.execPath, node]))
          .digest("hex"),
        pidFile: join(directory, `${name}.pid`),
        logFile: join(directory, `${name}.log`),
        stopGraceMs,
        adoptedCheckMs,
        clock,
        log,
      })
    }),
  )
  await Promise.all(kept.map((_, at) => answering(clock, options.adminPort + at)))
  return {
    adopted: kept.every(({ adopted }) => adopted),
    stop: async () => {
      await Promise.all(kept.map((process) => process.stop()))
    },
    abandon: async () => {
      await Promise.all(kept.filter(({ adopted }) => !adopted).map((process) => process.stop()))
    },
  }
}

/** What pods and other hosts reach: node ports and load balancers lead to the public port there too. */
function overPodNetwork({ gateway, secureGateway, pods }: ActivatorsOptions, adminPort: number): string[] {
  if (!pods) return []
  const isCovered = ({ host }: Address): boolean => ["0.0.0.0", "::", pods.host].includes(host)
  return [
    ...(isCovered(gateway) ? [] : ["--listen", `${pods.host}:${gateway.port}`]),
    ...(isCovered(secureGateway) ? [] : ["--listen-https", `${pods.host}:${secureGateway.port}`]),
    ...["--listen-local", `${pods.host}:${pods.port}`],
    ...["--listen-local-https", `${pods.host}:${pods.securePort}`],
    ...["--admin", `${pods.host}:${adminPort}`],
    ...["--admin-address", `http://${pods.host}:${adminPort}`],
  ]
}

/** Resolves when an activator takes requests; one that never does is restarted by its keeper, and said so in the log. */
async function answering(clock: Clock, adminPort: number): Promise<void> {
  const deadline = clock.monotonic() + readyMsMax
  while (clock.monotonic() < deadline) {
    const ready = await fetch(`http://127.0.0.1:${adminPort}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (ready) return
    await clock.sleep(readyCheckMs)
  }
}

export function autoscalerSocket(directory: string): string {
  return `unix:${join(directory, "autoscaler.sock")}`
}
