import { readFileSync, writeFileSync } from "node:fs"
import { formatRange, type Range } from "./address.ts"
import { hostCommand } from "./host-command.ts"
import type { Ranges } from "./range-choice.ts"

export interface Link {
  /** At most 15 characters. */
  readonly name: string
  /** Addresses of the host that live on it. */
  readonly addresses: readonly string[]
  /** Service addresses are routed here, so that the host's own calls to them have a way and a source address. */
  readonly services: Range
  /** Where no pod has an address of these, the way to it ends here. */
  readonly pods: Range
}

/** Any other route to the range goes before. */
const deadEndMetric = 2 ** 32 - 1

/**
 * Makes the link that carries the host's side of the pod network. It is a bridge without ports: the one kind of
 * virtual link that every kernel has, and it keeps its addresses when no pod is there. Doing it again changes nothing.
 *
 * An address may be called after its pod has gone, or before it is back after a start: without an end of the way to it, that
 * call would leave by the host's default route, and whoever is there could answer in the pod's place.
 */
export async function ensureLink(link: Link): Promise<void> {
  const exists = (await interfaceNames()).has(link.name)
  const commands = [
    ...(exists ? [] : [`link add ${link.name} type bridge`]),
    `link set ${link.name} up`,
    ...link.addresses.map((address) => `address replace ${address}/32 dev ${link.name}`),
    `route replace ${formatRange(link.services)} dev ${link.name} src ${link.addresses[0]}`,
    `route replace unreachable ${formatRange(link.pods)} metric ${deadEndMetric}`,
  ]
  await hostCommand("ip", ["-batch", "-"], `${commands.join("\n")}\n`)
}

export async function removeLink(name: string): Promise<void> {
  if ((await interfaceNames()).has(name)) await hostCommand("ip", ["link", "delete", name])
}

/** Pods' addresses are nobody's here any more. */
export async function removeDeadEnd(pods: string): Promise<void> {
  await hostCommand("ip", ["route", "flush", "exact", pods, "type", "unreachable"])
}

/** Pods reach each other and the world through the host: it must forward. */
export function allowForwarding(): void {
  const path = "/proc/sys/net/ipv4/ip_forward"
  if (readFileSync(path, "utf8").trim() !== "1") writeFileSync(path, "1")
}

async function interfaceNames(): Promise<Set<string>> {
  const links = JSON.parse((await hostCommand("ip", ["-json", "link", "show"])) || "[]") as { ifname: string }[]
  return new Set(links.map(({ ifname }) => ifname))
}

/** Ranges as text, for files and for people. */
export function rangeTexts(ranges: Ranges): { pods: string; services: string } {
  return { pods: formatRange(ranges.pods), services: formatRange(ranges.services) }
}
