import { readFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { isAlive, type ProcessIdentity } from "@wick/core/kept-process"
import { hostPort } from "@wick/sdk/host-port"
import type { Home } from "./home.ts"
import { type Address, type Options, secureGateway } from "./options.ts"
import { explain, Refusal } from "./refusal.ts"
import { unfetchablePorts } from "./unfetchable-ports.ts"

type Named = readonly [flag: string, address: Address]

/**
 * Refuses a port that two flags name, one that our own clients could not reach, and one that another program has, before
 * anything is started. The gateway's may be our own activators'.
 */
export async function checkPorts(options: Options, home: Home): Promise<void> {
  const own = namedPorts(options)
  const gateways = gatewayPorts(options)
  refuseShared([...own, ...gateways])
  refuseUnfetchable(fetched(options))
  for (const [flag, address] of activatorsRun(home) ? own : [...own, ...gateways]) await checkPort(flag, address)
}

function namedPorts(options: Options): Named[] {
  const { api, registry, metrics, peer, "etcd-listen": etcd } = options
  return [
    ["api", api],
    ["registry", registry],
    ["metrics", metrics],
    ...(etcd ? [["etcd-listen", etcd] as const] : []),
    ...(peer ? [["peer", peer] as const] : []),
  ]
}

/** The gateway's port for HTTPS is one of its own also when no flag names it. */
function gatewayPorts(options: Options): Named[] {
  return [
    ["gateway", options.gateway],
    ["gateway-https", secureGateway(options)],
  ]
}

function refuseShared(named: readonly Named[]): void {
  for (const [at, [flag, address]] of named.entries()) {
    const other = named.slice(0, at).find(([, earlier]) => overlap(earlier, address))
    if (other === undefined) continue
    throw new Refusal(
      `--${flag} ${hostPort(address.host, address.port)}: --${other[0]} has that port too`,
      `choose another port for one of them, for example --${flag} ${hostPort(address.host, address.port + 1)}`,
    )
  }
}

/** What is asked by `fetch`: the API and registries. A registry's host without a port has one that can be asked. */
function fetched({ api, registry, "plain-registry": plain = [] }: Options): Named[] {
  const others = plain.map((name) => {
    const [host = "", port] = name.split(":")
    return ["plain-registry", { host, port: Number(port ?? 80) }] as const
  })
  return [["api", api], ["registry", registry], ...others]
}

function refuseUnfetchable(named: readonly Named[]): void {
  for (const [flag, { host, port }] of named) {
    if (!unfetchablePorts.has(port)) continue
    throw new Refusal(
      `--${flag} ${hostPort(host, port)}: browsers and the fetch of JavaScript, by which Wick asks there, refuse port ${port}`,
      "choose another port: they refuse those of mail, chat and other old protocols (https://fetch.spec.whatwg.org/#port-blocking)",
    )
  }
}

const wildcards = ["0.0.0.0", "::"]

/** Port 0 is any that is free. */
function overlap(one: Address, other: Address): boolean {
  const shareHost = one.host === other.host || [one.host, other.host].some((host) => wildcards.includes(host))
  return one.port === other.port && one.port !== 0 && shareHost
}

async function checkPort(flag: string, { host, port }: Address): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      const server = createServer()
      server.once("error", reject)
      server.listen(port, host, () => server.close(() => resolve()))
    })
  } catch (error) {
    const explained = explain(error)
    if (!(explained instanceof Refusal)) throw explained
    throw new Refusal(`--${flag}: ${explained.message}`, explained.remedy)
  }
}

function activatorsRun(home: Home): boolean {
  try {
    const identity = JSON.parse(readFileSync(join(home.path("run"), "activator-0.pid"), "utf8")) as ProcessIdentity
    return isAlive(identity)
  } catch {
    return false
  }
}
