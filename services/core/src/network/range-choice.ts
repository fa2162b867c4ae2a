import { formatRange, overlap, parseRange, type Range } from "./address.ts"

/** The ranges that pods and services of one cluster take their addresses from. */
export interface Ranges {
  readonly pods: Range
  readonly services: Range
}

export interface RangeWishes {
  /** Given by the user: taken or refused, never replaced. */
  readonly pods: string | undefined
  readonly services: string | undefined
  /** Those of the last start. Addresses are written in objects, so they are kept while the host allows. */
  readonly kept: { readonly pods: string; readonly services: string } | undefined
}

export type RangeChoice =
  | { readonly kind: "chosen"; readonly ranges: Ranges }
  | { readonly kind: "refused"; readonly because: string }

/** The host has no room for ranges that were asked for. */
export class RangeRefusedError extends Error {
  override name = "RangeRefusedError"
}

const podsDefault = "10.234.0.0/16"
const servicesDefault = "10.235.0.0/16"
/** Fewer would not hold the pods of one node, or the first addresses that have a meaning. */
const prefixMax = 24

/** What a host uses, without what is ours. */
export interface UsedRanges {
  /** Networks that it has an address in itself, and what others of its cluster have. */
  readonly held: readonly Range[]
  /** Where its routes lead, ways to all the world left out. A company's network is often 10.0.0.0/8 as a whole. */
  readonly routed: readonly Range[]
}

/**
 * Ranges that meet nothing of the host: first those asked for, then those of the last start, then the default, then the
 * highest free /16 of those for private use. Who asks for a range may have one out of a wider route: its owner knows what is there.
 */
export function chooseRanges(wishes: RangeWishes, used: UsedRanges): RangeChoice {
  const pods = choose("pods", wishes.pods, [wishes.kept?.pods, podsDefault], used)
  if (typeof pods === "string") return { kind: "refused", because: pods }
  const besidePods = { ...used, held: [...used.held, pods] }
  const services = choose("services", wishes.services, [wishes.kept?.services, servicesDefault], besidePods)
  if (typeof services === "string") return { kind: "refused", because: services }
  return { kind: "chosen", ranges: { pods, services } }
}

function choose(
  whose: string,
  asked: string | undefined,
  preferred: readonly (string | undefined)[],
  { held, routed }: UsedRanges,
): Range | string {
  if (asked !== undefined) return judge(whose, asked, { held, routed })
  const candidates = [...preferred.filter((text) => text !== undefined).map(parseRange), ...spares()]
  const used = [...held, ...routed]
  const free = candidates.find((range) => range && !used.some((other) => overlap(range, other)))
  return (
    free ?? `no address range is free for ${whose}: the host uses all of 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16`
  )
}

function judge(whose: string, asked: string, { held, routed }: UsedRanges): Range | string {
  const range = parseRange(asked)
  if (!range) return `${asked} is no IPv4 range for ${whose}; write one like 10.234.0.0/16`
  if (range.prefix > prefixMax) return `${asked} is too small for ${whose}: at least a /${prefixMax} is needed`
  const used = [...held, ...routed.filter(({ prefix }) => prefix >= range.prefix)]
  const met = used.find((other) => overlap(range, other))
  return met ? `${asked} for ${whose} meets ${formatRange(met)}, which the host uses already` : range
}

/** Of the ranges for private use (RFC 1918) those of 10.0.0.0/8 first: the others are what homes and Docker have. */
function* spares(): Generator<Range> {
  for (let second = 255; second > 0; second--) yield { first: address(10, second), prefix: 16 }
  for (let second = 31; second > 15; second--) yield { first: address(172, second), prefix: 16 }
  yield { first: address(192, 168), prefix: 16 }
}

function address(first: number, second: number): number {
  return first * 2 ** 24 + second * 2 ** 16
}
