import { readFile } from "node:fs/promises"
import { formatRange, overlap, parseRange, type Range } from "./address.ts"
import { hostCommand } from "./host-command.ts"
import type { UsedRanges } from "./range-choice.ts"

interface Route {
  type?: string
  dst: string
  dev?: string
  gateway?: string
}
interface Interface {
  ifname: string
  mtu: number
  addr_info: { local?: string; prefixlen?: number }[]
}

export interface Surroundings extends UsedRanges {
  /** Largest packet of every way out; pods must not send larger ones. */
  readonly mtuBytes: number | undefined
}

/** A route as wide as this leads to all the world: a VPN takes that over by two halves, 0.0.0.0/1 and 128.0.0.0/1. */
const worldPrefixMax = 7

/** What this Wick has, or had when it ran last: its link, and if it had ranges, that of pods and the address of its DNS server. */
export interface Own {
  readonly link: string
  readonly pods: Range | undefined
  readonly dnsServer: string | undefined
}

/** The first may name nobody but systemd's own resolver on this machine: then the second says whom that asks. */
const resolvConfPaths = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"]

/** What a host says of itself: `ip` of routes and addresses in JSON, and where names are asked for. */
export interface HostWords {
  readonly routes: string
  readonly interfaces: string
  readonly resolvConfs: readonly string[]
}

export async function surroundings(own: Own): Promise<Surroundings> {
  const [routes, interfaces, resolvConfs] = await Promise.all([
    hostCommand("ip", ["-json", "-4", "route", "show"]),
    hostCommand("ip", ["-json", "-4", "address", "show"]),
    Promise.all(resolvConfPaths.map((path) => readFile(path, "utf8").catch(() => ""))),
  ])
  return readSurroundings({ routes, interfaces, resolvConfs }, own)
}

/** Pure. */
export function readSurroundings(said: HostWords, { link: own, pods: ownPods, dnsServer }: Own): Surroundings {
  const interfaces = JSON.parse(said.interfaces || "[]") as Interface[]
  const routes = (JSON.parse(said.routes || "[]") as Route[]).filter(
    (route) => route.dev !== own && !isOwnPod(route, ownPods) && !isOwnDeadEnd(route, ownPods),
  )
  const ways = routes.filter(leadsToTheWorld).map(({ dev }) => dev)
  const mtus = interfaces.filter(({ ifname }) => ways.includes(ifname)).map(({ mtu }) => mtu)
  const addresses = interfaces
    .filter(({ ifname }) => ifname !== own && !ifname.startsWith("veth"))
    .flatMap(({ addr_info }) => addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`))
  const ofOthers = routes.filter(isOfAnotherWick).map(({ dst }) => dst)
  const routed = routes.filter((route) => !leadsToTheWorld(route) && !isOfAnotherWick(route)).map(({ dst }) => dst)
  const servers = said.resolvConfs.flatMap(nameServers).filter((address) => address !== dnsServer)
  return {
    held: ranges([...addresses, ...ofOthers, ...servers.map((address) => `${address}/32`)]),
    routed: ranges(routed),
    mtuBytes: mtus.length === 0 ? undefined : Math.min(...mtus),
  }
}

/** The way to them is often the default route, which says nothing of them. */
function nameServers(resolvConf: string): string[] {
  return [...resolvConf.matchAll(/^\s*nameserver\s+([\d.]+)\s*$/gm)].flatMap(([, address]) => address ?? [])
}

function ranges(texts: readonly string[]): Range[] {
  return texts.map(parseRange).filter((range) => range !== undefined)
}

function leadsToTheWorld({ dst }: Route): boolean {
  const range = parseRange(dst)
  return dst === "default" || (range !== undefined && range.prefix <= worldPrefixMax)
}

/** All of the range is somebody's here, and not just the way to it. */
function isOfAnotherWick({ type, dev }: Route): boolean {
  return type === "unreachable" || (dev?.startsWith("wick-") ?? false)
}

/** The route to one of our pods, which outlive us. Pods of another Wick may outlive it too: their addresses are taken. */
function isOwnPod({ dst, dev, gateway }: Route, ownPods: Range | undefined): boolean {
  if (!dev?.startsWith("veth") || gateway !== undefined || dst.includes("/")) return false
  const pod = parseRange(dst)
  return pod !== undefined && ownPods !== undefined && overlap(pod, ownPods)
}

function isOwnDeadEnd({ type, dst }: Route, ownPods: Range | undefined): boolean {
  return type === "unreachable" && ownPods !== undefined && dst === formatRange(ownPods)
}
