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

/**
 * Ranges that meet no route of the host: first those asked for, then those of the last start, then the default, then
 * the highest free /16 of 10.0.0.0/8. `taken` holds the host's routes and addresses, without our own.
 */
export function chooseRanges(wishes: RangeWishes, taken: readonly Range[]): RangeChoice {
  const pods = choose("pods", wishes.pods, [wishes.kept?.pods, podsDefault], taken)
  if (typeof pods === "string") return { kind: "refused", because: pods }
  const services = choose("services", wishes.services, [wishes.kept?.services, servicesDefault], [...taken, pods])
  if (typeof services === "string") return { kind: "refused", because: services }
  return { kind: "chosen", ranges: { pods, services } }
}

function choose(
  whose: string,
  asked: string | undefined,
  preferred: readonly (string | undefined)[],
  taken: readonly Range[],
): Range | string {
  if (asked !== undefined) return judge(whose, asked, taken)
  const candidates = [...preferred.filter((text) => text !== undefined).map(parseRange), ...spares()]
  const free = candidates.find((range) => range && !taken.some((other) => overlap(range, other)))
  return free ?? `no address range is free for ${whose}: the host's routes take all of 10.0.0.0/8`
}

function judge(whose: string, asked: string, taken: readonly Range[]): Range | string {
  const range = parseRange(asked)
  if (!range) return `${asked} is no IPv4 range for ${whose}; write one like 10.234.0.0/16`
  if (range.prefix > prefixMax) return `${asked} is too small for ${whose}: at least a /${prefixMax} is needed`
  const met = taken.find((other) => overlap(range, other))
  return met ? `${asked} for ${whose} meets ${formatRange(met)}, which the host uses already` : range
}

function* spares(): Generator<Range> {
  for (let second = 255; second > 0; second--) yield { first: 10 * 2 ** 24 + second * 2 ** 16, prefix: 16 }
}
