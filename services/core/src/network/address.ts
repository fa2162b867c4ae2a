import { assert } from "@wick/sdk/assert"

/** An IPv4 address as an unsigned 32-bit number: ranges become comparisons. */
export type Address = number

/** A block of addresses; `first` has no bits below the prefix. */
export interface Range {
  readonly first: Address
  readonly prefix: number
}

export function parseAddress(text: string): Address | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number)
  if (!parts || parts.some((part) => part > 255)) return undefined
  return parts.reduce((address, part) => address * 256 + part, 0)
}

export function formatAddress(address: Address): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".")
}

/** `10.234.0.0/16`; a bare address is a range of one. Bits below the prefix are cleared. */
export function parseRange(text: string): Range | undefined {
  const [base = "", bits = "32"] = text.split("/")
  const address = parseAddress(base)
  const prefix = /^\d{1,2}$/.test(bits) ? Number(bits) : 33
  if (address === undefined || prefix > 32) return undefined
  return { first: address - (address % sizeOf(prefix)), prefix }
}

export function formatRange({ first, prefix }: Range): string {
  return `${formatAddress(first)}/${prefix}`
}

export function overlap(one: Range, other: Range): boolean {
  return one.first < other.first + sizeOf(other.prefix) && other.first < one.first + sizeOf(one.prefix)
}

/** The address at `index` of the range, from 0. */
export function addressAt(range: Range, index: number): Address {
  assert(index < sizeOf(range.prefix), "an index lies in its range")
  return range.first + index
}

function sizeOf(prefix: number): number {
  return 2 ** (32 - prefix)
}

/** The place of the last address, which nobody has: it is for all. */
export function lastIndex(range: Range): number {
  return sizeOf(range.prefix) - 1
}
