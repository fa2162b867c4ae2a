import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import type { PortMapping } from "../runtime.ts"
import type { Plugins } from "./plugins.ts"

export interface CniPlugin {
  readonly type: string
  readonly capabilities?: Readonly<Record<string, boolean>>
  readonly [setting: string]: unknown
}

export interface CniList {
  readonly cniVersion: string
  readonly name: string
  readonly plugins: readonly CniPlugin[]
}

/** What a plugin says it has made. */
interface CniResult {
  readonly ips?: readonly { readonly address: string }[]
}

export interface CniTarget {
  readonly id: string
  /** File of the network namespace. */
  readonly namespace: string
  readonly portMappings: readonly PortMapping[]
}

const link = "eth0"

/** Gives network namespaces their link and their address, by the plugins of a configuration list (CNI 1.0). */
export class Cni {
  readonly list: CniList
  readonly #plugins: Plugins

  constructor(list: CniList, plugins: Plugins) {
    this.list = list
    this.#plugins = plugins
  }

  /** Plugins run one after the other, each told what those before it have made. Resolves with the addresses. */
  async add(target: CniTarget): Promise<string[]> {
    let previous: CniResult | undefined
    for (const plugin of this.list.plugins) {
      previous = JSON.parse(await this.#run("ADD", plugin, target, previous)) as CniResult
    }
    return (previous?.ips ?? []).map(({ address }) => address.replace(/\/\d+$/, ""))
  }

  /** In the opposite order; succeeds for what is gone. */
  async remove(target: CniTarget): Promise<void> {
    for (const plugin of this.list.plugins.toReversed()) await this.#run("DEL", plugin, target, undefined)
  }

  /** Whether a plugin would be told of a pod's ports: then a namespace cannot be made before its pod is known. */
  get mapsPorts(): boolean {
    return this.list.plugins.some(({ capabilities }) => capabilities?.portMappings === true)
  }

  #run(verb: "ADD" | "DEL", plugin: CniPlugin, target: CniTarget, previous: CniResult | undefined): Promise<string> {
    const env = {
      CNI_CONTAINERID: target.id,
      CNI_NETNS: target.namespace,
      CNI_IFNAME: link,
      CNI_ARGS: "IgnoreUnknown=1",
      CNI_PATH: this.#plugins.directories.join(":"),
    }
    const input = JSON.stringify(cniRequest(this.list, plugin, target.portMappings, previous))
    return this.#plugins.run(plugin.type, verb, env, input)
  }
}

/** The first list of a directory, by name, as containerd would take it. */
export async function readCniList(directory: string): Promise<CniList> {
  const [name] = (await readdir(directory)).filter((file) => file.endsWith(".conflist")).sort()
  if (name === undefined) throw new Error(`${directory} has no CNI configuration list`)
  return JSON.parse(await readFile(join(directory, name), "utf8")) as CniList
}

/** Pure: what a plugin reads. */
export function cniRequest(
  { cniVersion, name }: CniList,
  { capabilities, ...settings }: CniPlugin,
  portMappings: readonly PortMapping[],
  previous: object | undefined,
): object {
  const ports = portMappings.map(({ protocol, containerPort, hostPort, hostIp }) => ({
    ...{ protocol: protocol.toLowerCase(), containerPort, hostPort },
    ...(hostIp !== "" && { hostIP: hostIp }),
  }))
  return {
    cniVersion,
    name,
    ...settings,
    ...(previous && { prevResult: previous }),
    ...(capabilities?.portMappings && ports.length > 0 && { runtimeConfig: { portMappings: ports } }),
  }
}
