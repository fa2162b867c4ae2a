import { readFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { isAlive, type ProcessIdentity } from "@wick/core/process-identity"
import type { Home } from "./home.ts"
import { type Address, type Options, secureGateway } from "./options.ts"
import { explain, Refusal } from "./refusal.ts"

/** Refuses a port that another program has, before anything is started. The gateway's may be our own activators'. */
export async function checkPorts(options: Options, home: Home): Promise<void> {
  const { api, registry, metrics, gateway } = options
  const named: [flag: string, address: Address][] = [
    ["api", api],
    ["registry", registry],
    ["metrics", metrics],
  ]
  if (options["etcd-listen"]) named.push(["etcd-listen", options["etcd-listen"]])
  if (options.peer) named.push(["peer", options.peer])
  if (!activatorsRun(home)) named.push(["gateway", gateway], ["gateway-https", secureGateway(options)])
  for (const [flag, address] of named) await checkPort(flag, address)
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
    throw new Refusal(`--${flag} ${host}:${port}: ${explained.message}`, explained.remedy)
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
