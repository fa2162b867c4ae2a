import { CelError } from "../error.ts"
import { define, type Overload, reads } from "../function.ts"
import { Opaque } from "../value.ts"

interface Address {
  readonly family: 4 | 6
  readonly bits: bigint
}
interface Block extends Address {
  readonly prefix: number
}

function readV4(text: string): bigint | undefined {
  const parts = text.split(".")
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined
  return parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n)
}

function readV6(text: string): bigint | undefined {
  const halves = text.split("::")
  if (halves.length > 2 || text.includes(".")) return undefined
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")))
  const [head = [], tail = []] = groups
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const all = [...head, ...Array<string>(halves.length === 2 ? missing : 0).fill("0"), ...tail]
  if (!all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined
  return all.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n)
}

/** No zones, no IPv4 written as IPv6: as in Kubernetes. */
function readAddress(text: string): Address | undefined {
  const v4 = readV4(text)
  if (v4 !== undefined) return { family: 4, bits: v4 }
  const v6 = text.includes(":") ? readV6(text) : undefined
  if (v6 === undefined || v6 >> 32n === 0xffffn) return undefined
  return { family: 6, bits: v6 }
}

function addressText({ family, bits }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join(".")
  const groups = Array.from({ length: 8 }, (_, index) => (bits >> BigInt(112 - 16 * index)) & 0xffffn)
  let [best, length] = [-1, 1]
  for (let from = 0; from < 8; from++) {
    let to = from
    while (to < 8 && groups[to] === 0n) to += 1
    if (to - from > length) [best, length] = [from, to - from]
  }
  const hex = groups.map((group) => group.toString(16))
  return best === -1 ? hex.join(":") : `${hex.slice(0, best).join(":")}::${hex.slice(best + length).join(":")}`
}

function readBlock(text: string): Block | undefined {
  const found = /^(.+)\/(0|[1-9]\d{0,2})$/.exec(text)
  const address = found && readAddress(found[1] ?? "")
  if (!address) return undefined
  const prefix = Number(found[2])
  return prefix <= width(address) ? { ...address, prefix } : undefined
}

function width({ family }: Address): number {
  return family === 4 ? 32 : 128
}

function networkOf(address: Address, prefix: number): bigint {
  const hidden = BigInt(width(address) - prefix)
  return (address.bits >> hidden) << hidden
}

const ipType = "net.IP"
const cidrType = "net.CIDR"
type Ip = Opaque<Address>
type Cidr = Opaque<Block>

const ofAddress = (address: Address): Ip => new Opaque(ipType, address, addressText(address))

function ip(text: string): Ip {
  const address = readAddress(text)
  if (!address)
    throw new CelError(`IP Address ${JSON.stringify(text.slice(0, 100))} parse error during conversion from string`)
  return ofAddress(address)
}

function cidr(text: string): Cidr {
  const block = readBlock(text)
  if (!block)
    throw new CelError(
      `network address parse error during conversion from string: ${JSON.stringify(text.slice(0, 100))}`,
    )
  return new Opaque(cidrType, block, `${addressText(block)}/${block.prefix}`)
}

function within(block: Block, address: Address): boolean {
  return block.family === address.family && networkOf(block, block.prefix) === networkOf(address, block.prefix)
}

const first = ({ family, bits }: Address): number => Number(family === 4 ? bits >> 24n : bits >> 112n)
const isLoopback = (a: Address): boolean => (a.family === 4 ? first(a) === 127 : a.bits === 1n)
const isLinkLocalMulticast = (a: Address): boolean =>
  a.family === 4 ? a.bits >> 8n === 0xe00000n : (first(a) & 0xff0f) === 0xff02
const isLinkLocalUnicast = (a: Address): boolean =>
  a.family === 4 ? a.bits >> 16n === 0xa9fen : (first(a) & 0xffc0) === 0xfe80
const isMulticast = (a: Address): boolean => (a.family === 4 ? first(a) >> 4 === 14 : first(a) >> 8 === 0xff)
const isGlobalUnicast = (a: Address): boolean =>
  a.bits !== 0n &&
  !(a.family === 4 && a.bits === 0xffffffffn) &&
  !isLoopback(a) &&
  !isMulticast(a) &&
  !isLinkLocalUnicast(a)

const containing = (block: Block, other: Block | undefined): boolean =>
  other !== undefined && other.prefix >= block.prefix && within(block, other)

export const addresses: readonly Overload[] = [
  define(`ip(string): ${ipType}`, ip, reads),
  define("isIP(string): bool", (text: string) => readAddress(text) !== undefined, reads),
  define("ip.isCanonical(string): bool", (text: string) => addressText(ip(text).inner) === text, reads),
  define(`string(${ipType}): string`, ({ inner }: Ip) => addressText(inner)),
  define(`${ipType}::family(): int`, ({ inner }: Ip) => BigInt(inner.family)),
  define(`${ipType}::isUnspecified(): bool`, ({ inner }: Ip) => inner.bits === 0n),
  define(`${ipType}::isLoopback(): bool`, ({ inner }: Ip) => isLoopback(inner)),
  define(`${ipType}::isLinkLocalMulticast(): bool`, ({ inner }: Ip) => isLinkLocalMulticast(inner)),
  define(`${ipType}::isLinkLocalUnicast(): bool`, ({ inner }: Ip) => isLinkLocalUnicast(inner)),
  define(`${ipType}::isGlobalUnicast(): bool`, ({ inner }: Ip) => isGlobalUnicast(inner)),
  define(`cidr(string): ${cidrType}`, cidr, reads),
  define("isCIDR(string): bool", (text: string) => readBlock(text) !== undefined, reads),
  define(`string(${cidrType}): string`, ({ identity = "" }: Cidr) => identity),
  define(`${cidrType}::ip(): ${ipType}`, ({ inner }: Cidr) => ofAddress({ family: inner.family, bits: inner.bits })),
  define(`${cidrType}::prefixLength(): int`, ({ inner }: Cidr) => BigInt(inner.prefix)),
  define(`${cidrType}::masked(): ${cidrType}`, ({ inner }: Cidr) => {
    const masked = { ...inner, bits: networkOf(inner, inner.prefix) }
    return new Opaque(cidrType, masked, `${addressText(masked)}/${masked.prefix}`)
  }),
  define(`${cidrType}::containsIP(${ipType}): bool`, (block: Cidr, address: Ip) => within(block.inner, address.inner)),
  define(
    `${cidrType}::containsIP(string): bool`,
    (block: Cidr, text: string) => within(block.inner, ip(text).inner),
    reads,
  ),
  define(`${cidrType}::containsCIDR(${cidrType}): bool`, (a: Cidr, b: Cidr) => containing(a.inner, b.inner)),
  define(
    `${cidrType}::containsCIDR(string): bool`,
    (a: Cidr, text: string) => containing(a.inner, cidr(text).inner),
    reads,
  ),
]
