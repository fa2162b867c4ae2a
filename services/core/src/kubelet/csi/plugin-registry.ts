import { type FSWatcher, watch } from "node:fs"
import { mkdir, readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { callDriver, DriverRefusal } from "./driver-link.ts"
import type { Capabilities, NodeInfo } from "./messages.ts"

/** A driver of volumes that runs on this node. */
export interface Driver {
  readonly name: string
  /** Where it answers CSI's calls. */
  readonly socket: string
  readonly node: NodeInfo
  /** What its node side can, by CSI's numbers. */
  readonly capabilities: ReadonlySet<number>
  /** What its controller can, by CSI's numbers, where that answers on the same socket; else nothing. */
  readonly controller: ReadonlySet<number>
}

export interface PluginRegistryOptions {
  /** Drivers put their sockets here. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
  /** Told after every change, one change at a time, before the driver hears that it is registered. */
  readonly onChange: (drivers: ReadonlyMap<string, Driver>) => Promise<void>
}

const service = "/pluginregistration.Registration"
const node = "/csi.v1.Node"
const pluginType = "CSIPlugin"
/** gRPC's code for a service that is not there. */
const unimplemented = 12
/** A socket may be there a moment before somebody answers on it. */
const retryMsMin = 100
const triesMax = 8

/**
 * The drivers of this node, as those of Kubernetes make themselves known: a socket in a directory, on which the driver
 * tells its name and where it serves. One whose socket is gone is gone. The directory is watched, not polled.
 */
export class PluginRegistry {
  readonly #options: PluginRegistryOptions
  readonly #drivers = new Map<string, Driver>()
  /** Socket of a registration → which file it was, and whose. */
  readonly #known = new Map<string, { readonly file: string; name: string | undefined }>()
  #watcher: FSWatcher | undefined
  #looking: Promise<void> = Promise.resolve()
  #over = false

  constructor(options: PluginRegistryOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { directory, log } = this.#options
    await mkdir(directory, { recursive: true, mode: 0o750 })
    this.#watcher = watch(directory, () => this.#lookAgain())
    this.#watcher.on("error", (error) => log.warn("drivers of volumes are not watched any more", { directory, error }))
    this.#lookAgain()
  }

  get(name: string): Driver | undefined {
    return this.#drivers.get(name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true
    this.#watcher?.close()
    await this.#looking
  }

  #lookAgain(): void {
    if (this.#over) return
    this.#looking = this.#looking
      .then(() => this.#look())
      .catch((error) => this.#options.log.warn("cannot look for drivers of volumes", { error }))
  }

  async #look(): Promise<void> {
    const found = await socketsIn(this.#options.directory)
    for (const [path, { file, name }] of [...this.#known]) {
      if (found.get(path) === file) continue
      this.#known.delete(path)
      if (name === undefined) continue
      this.#drivers.delete(name)
      this.#options.log.info("a driver of volumes has gone", { driver: name })
      await this.#options.onChange(this.#drivers)
    }
    for (const [path, file] of found) {
      if (this.#over || this.#known.has(path)) continue
      this.#known.set(path, { file, name: await this.#register(path) })
    }
  }

  /** The name under which the driver is known from now on; undefined when it was refused, or never answered. */
  async #register(path: string): Promise<string | undefined> {
    const { clock, log } = this.#options
    for (let count = 0; count < triesMax && !this.#over; count += 1) {
      try {
        return await this.#introduce(path)
      } catch (error) {
        log.warn("a driver of volumes is not registered", { socket: path, error })
        await clock.sleep(retryMsMin * 2 ** count)
      }
    }
    return undefined
  }

  async #introduce(path: string): Promise<string | undefined> {
    const { clock, log, onChange } = this.#options
    const door = { socket: path, clock }
    const info = await callDriver(door, `${service}/GetInfo`, ["csi.v1.Empty", {}], "pluginregistration.PluginInfo")
    const refusal = refusalOf(info.type ?? "", info.supportedVersions ?? [], path)
    const tell = (error: string) =>
      callDriver(
        door,
        `${service}/NotifyRegistrationStatus`,
        ["pluginregistration.RegistrationStatus", { pluginRegistered: error === "", error }],
        "csi.v1.Empty",
      )
    if (refusal !== undefined) {
      log.warn("a plugin is not registered", { socket: path, reason: refusal })
      await tell(refusal)
      return undefined
    }
    const socket = info.endpoint || path
    const csi = { socket, clock }
    const empty = ["csi.v1.Empty", {}] as const
    const [told, can, controller] = await Promise.all([
      callDriver(csi, `${node}/NodeGetInfo`, empty, "csi.v1.NodeGetInfoResponse"),
      callDriver(csi, `${node}/NodeGetCapabilities`, empty, "csi.v1.NodeGetCapabilitiesResponse"),
      controllerOf(csi),
    ])
    const name = info.name ?? ""
    this.#drivers.set(name, {
      name,
      socket,
      node: told,
      capabilities: numbersOf(can),
      controller: numbersOf(controller),
    })
    await onChange(this.#drivers)
    await tell("")
    log.info("a driver of volumes is registered", { driver: name, socket })
    return name
  }
}

/** Most drivers have their controller elsewhere. */
async function controllerOf(door: Parameters<typeof callDriver>[0]): Promise<Capabilities> {
  const method = "/csi.v1.Controller/ControllerGetCapabilities"
  try {
    return await callDriver(door, method, ["csi.v1.Empty", {}], "csi.v1.ControllerGetCapabilitiesResponse")
  } catch (error) {
    if (error instanceof DriverRefusal && error.code === unimplemented) return {}
    throw error
  }
}

function numbersOf({ capabilities = [] }: Capabilities): ReadonlySet<number> {
  return new Set(capabilities.map(({ rpc }) => rpc?.type ?? 0))
}

/** Pure: why a plugin is not taken. */
export function refusalOf(type: string, versions: readonly string[], socket: string): string | undefined {
  if (type !== pluginType) return `no handler registered for plugin type: ${type} at socket ${socket}`
  if (versions.some((version) => /^v?1\./.test(version))) return undefined
  return `none of the versions specified ${JSON.stringify(versions)} are supported: this node speaks CSI 1`
}

/** Sockets by path, with what tells one from a later one of the same name. */
async function socketsIn(directory: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const name of (await readdir(directory)).filter((each) => !each.startsWith("."))) {
    const path = join(directory, name)
    const facts = await stat(path).catch(() => undefined)
    if (facts?.isSocket()) found.set(path, `${facts.ino} ${facts.ctimeMs}`)
  }
  return found
}
