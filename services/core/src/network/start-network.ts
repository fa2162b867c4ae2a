import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert } from "@wick/sdk/assert"
import type { Clock } from "@wick/sdk/clock"
import type { Informers } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import { addressAt, formatAddress, parseRange } from "./address.ts"
import { findCniPlugins, usualDirectories, writeCniConfig } from "./cni-config.ts"
import { watchFilter } from "./filter-watch.ts"
import { letPass, stopPassing } from "./forward-pass.ts"
import { hostCommand } from "./host-command.ts"
import { allowForwarding, ensureLink, rangeTexts, removeDeadEnd, removeLink } from "./host-link.ts"
import { releaseLeases } from "./leases.ts"
import { NodeRoutes } from "./node-routes.ts"
import { PluginDirectory } from "./pod-link/plugin-directory.ts"
import { chooseRanges, RangeRefusedError, type Ranges } from "./range-choice.ts"
import { whileRangesAreOurs } from "./range-lock.ts"
import { ServiceFollower } from "./service-follower.ts"
import { surroundings } from "./surroundings.ts"
import { emptyTable } from "./table.ts"

export interface NetworkOptions {
  /** Six hex digits that tell this Wick from others on the host. */
  readonly instance: string
  /** Where ranges, CNI configuration and address leases are kept. */
  readonly directory: string
  /** Wanted ranges; absent: chosen so that they meet no route of the host, and kept from then on. */
  readonly podCidr?: string | undefined
  readonly serviceCidr?: string | undefined
  /** Pod ranges of other hosts: they are not taken here. */
  readonly others?: readonly string[] | undefined
  readonly cniBinDirs?: readonly string[]
  readonly clock: Clock
  readonly log: Log
}

export interface Network extends AsyncDisposable {
  readonly podCidr: string
  readonly serviceCidr: string
  /** Link that carries the host's addresses in the pod network. */
  readonly link: string
  /** Name of the table in the packet filter. */
  readonly table: string
  /** The host as pods see it: what they are to reach listens here. */
  readonly hostAddress: string
  /** Address of the `kubernetes` service. */
  readonly apiServerAddress: string
  /** Where cluster DNS listens, an address of this host; every pod's resolver. */
  readonly dnsServer: string
  /** For containerd's CRI plugin. */
  readonly cniConfDir: string
  readonly cniBinDirs: readonly string[]
  /** Begins to keep the rules equal to Services and EndpointSlices; resolves when they are for the first time. */
  followServices(informers: Informers): Promise<void>
  /** Begins to lead packets for pods of other hosts there. */
  followNodes(informers: Informers, ownName: string): void
  /** Gives back the addresses of sandboxes that are gone, where they are kept in files. Returns them. */
  releaseLeases(isAlive: (sandboxId: string) => boolean): Promise<string[]>
  /** Takes link and rules off the host; ranges are kept for the next start. Only when no pod is left. */
  takeDown(): Promise<void>
  /** The same, and forgets ranges and leases. */
  remove(): Promise<void>
}

/** Places in the service range that have a meaning, as everywhere in Kubernetes. */
const apiServerIndex = 1
const dnsIndex = 10

/**
 * Sets the host up for pods and service addresses. Doing it again finds all in place and disturbs no connection;
 * disposing stops following services and leaves the rules, so that pods talk on while nobody watches.
 */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const { instance, directory, clock, log } = options
  assert(/^[0-9a-f]{1,10}$/.test(instance), "an instance names links of at most 15 characters")
  const name = `wick-${instance}`
  mkdirSync(directory, { recursive: true })
  const others = options.cniBinDirs ?? usualDirectories
  const plugins = await PluginDirectory.make(join(directory, "bin"), others)
  const cniBinDirs = plugins ? [plugins.path, ...others] : findCniPlugins(others)
  const { ranges, hostAddress, dnsServer, mtuBytes, moved } = await whileRangesAreOurs(clock, () =>
    takeRanges(name, options),
  )
  const texts = rangeTexts(ranges)
  allowForwarding()
  await ensureTable(name, emptyTable(name, ranges), moved)
  const letPodsPass = () => passWhereAllowed(log, name, ranges, [hostAddress, dnsServer])
  const closed = await letPodsPass()
  const cniConfDir = join(directory, "cni")
  const leaseDirectory = join(directory, "leases")
  await plugins?.writeLinkPlugin({ pods: ranges.pods, mtuBytes, lastAddressFile: join(directory, "last-address") })
  const ownPlugin = plugins !== undefined
  writeCniConfig(cniConfDir, { name, ownPlugin, podRange: texts.pods, leaseDirectory, mtuBytes })
  if (!ownPlugin) log.warn("the usual CNI plugins make pods' links: our own cannot run here", { directory })
  log.info("pod network is up", { ...texts, link: name })

  let follower: ServiceFollower | undefined
  let routes: NodeRoutes | undefined
  const restoreTable = async (): Promise<void> => follower?.replaceAll()
  const watch = watchFilter({ table: name, clock, log, restoreTable, letPass: letPodsPass, closed })
  const dispose = async (): Promise<void> => {
    await watch[Symbol.asyncDispose]()
    await follower?.[Symbol.asyncDispose]()
    await routes?.[Symbol.asyncDispose]()
  }
  const takeDown = async (): Promise<void> => {
    await dispose()
    await routes?.remove()
    await hostCommand("nft", ["-f", "-"], `add table ip ${name}\ndelete table ip ${name}\n`)
    await stopPassing(name)
    await removeLink(name)
    await removeDeadEnd(texts.pods)
  }
  return {
    podCidr: texts.pods,
    serviceCidr: texts.services,
    link: name,
    table: name,
    hostAddress,
    apiServerAddress: formatAddress(addressAt(ranges.services, apiServerIndex)),
    dnsServer,
    cniConfDir,
    cniBinDirs,
    followServices: (informers) => {
      assert(!follower, "services are followed once")
      follower = new ServiceFollower({ table: name, ranges, informers, clock, log })
      return follower.start()
    },
    followNodes: (informers, ownName) => {
      assert(!routes, "nodes are followed once")
      routes = new NodeRoutes({ informers, ownName, log })
    },
    releaseLeases: (isAlive) => releaseLeases(join(leaseDirectory, name), isAlive),
    takeDown,
    remove: async () => {
      await takeDown()
      rmSync(directory, { recursive: true, force: true })
    },
    [Symbol.asyncDispose]: dispose,
  }
}

interface Place {
  readonly ranges: Ranges
  readonly hostAddress: string
  readonly dnsServer: string
  readonly mtuBytes: number | undefined
  /** They are others than those of the last start. */
  readonly moved: boolean
}

/** Chooses ranges that the host does not use, and shows by link and route that they are used from now on. */
async function takeRanges(name: string, { directory, ...options }: NetworkOptions): Promise<Place> {
  const kept = readKept(directory)
  const keptServices = kept && parseRange(kept.services)
  const { held, routed, mtuBytes } = await surroundings({
    link: name,
    pods: kept && parseRange(kept.pods),
    dnsServer: keptServices && formatAddress(addressAt(keptServices, dnsIndex)),
  })
  const others = (options.others ?? []).map(parseRange).filter((range) => range !== undefined)
  const wishes = { pods: options.podCidr, services: options.serviceCidr, kept }
  const choice = chooseRanges(wishes, { held: [...held, ...others], routed })
  if (choice.kind === "refused") throw new RangeRefusedError(choice.because)
  const { ranges } = choice
  const texts = rangeTexts(ranges)
  keep(directory, texts)
  const hostAddress = formatAddress(addressAt(ranges.pods, 1))
  const dnsServer = formatAddress(addressAt(ranges.services, dnsIndex))
  const moved = kept?.pods !== texts.pods || kept.services !== texts.services
  if (moved) {
    await removeLink(name)
    if (kept) await removeDeadEnd(kept.pods)
  }
  await ensureLink({ name, addresses: [hostAddress, dnsServer], ...ranges })
  return { ranges, hostAddress, dnsServer, mtuBytes, moved }
}

/** The table of a Wick that runs again is left as it is until services are known: their connections go on. */
async function ensureTable(name: string, script: string, moved: boolean): Promise<void> {
  const exists = await hostCommand("nft", ["list", "table", "ip", name]).then(
    () => true,
    () => false,
  )
  if (exists && !moved) return
  await hostCommand("nft", ["-f", "-"], `add table ip ${name}\ndelete table ip ${name}\n${script}`)
}

interface Kept {
  pods: string
  services: string
}

/** The ranges of the last start. */
export function readKept(directory: string): Kept | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, "ranges.json"), "utf8")) as Kept
  } catch {
    return undefined
  }
}

function keep(directory: string, kept: Kept): void {
  const path = join(directory, "ranges.json")
  writeFileSync(`${path}.new`, JSON.stringify(kept))
  renameSync(`${path}.new`, path)
}

async function passWhereAllowed(log: Log, ...whose: Parameters<typeof letPass>): Promise<readonly string[]> {
  const closed = await letPass(...whose)
  const chain = closed.join(", ")
  if (chain) log.warn("a firewall takes no rules but its own: pods are cut off until it trusts their range", { chain })
  return closed
}
