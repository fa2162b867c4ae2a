import { isQuantity } from "../meta/quantity.ts"

/** Formats of strings that are checked; others are only documentation, as in Kubernetes. */
export const formats: ReadonlyMap<string, (value: string) => boolean> = new Map<string, (value: string) => boolean>([
  ["date-time", isDateTime],
  ["datetime", isDateTime],
  ["date", (value) => /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value))],
  [
    "duration",
    (value) => /^[-+]?(0|(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*)$/.test(value),
  ],
  ["byte", (value) => value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value)],
  ["quantity", isQuantity],
  ["uri", (value) => URL.canParse(value)],
  ["email", (value) => /^[^\s@<>]+@[^\s@<>]+$/.test(value)],
  ["hostname", (value) => value.length <= 255 && /^([A-Za-z0-9]([A-Za-z0-9-]{0,62}[A-Za-z0-9])?\.?)+$/.test(value)],
  ["ipv4", isIpv4],
  ["ipv6", isIpv6],
  ["cidr", isCidr],
  ["mac", (value) => /^([0-9A-Fa-f]{2}([:-]))([0-9A-Fa-f]{2}\2){4}[0-9A-Fa-f]{2}$/.test(value)],
  ["uuid", (value) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(value)],
  ["uuid3", (value) => isUuidOfVersion(value, 3)],
  ["uuid4", (value) => isUuidOfVersion(value, 4)],
  ["uuid5", (value) => isUuidOfVersion(value, 5)],
  ["hexcolor", (value) => /^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(value)],
  ["rgbcolor", (value) => /^rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)$/.test(value)],
  ["k8s-short-name", (value) => value.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(value)],
  [
    "k8s-long-name",
    (value) => value.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(value),
  ],
])

function isDateTime(value: string): boolean {
  const form = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/
  return form.test(value) && !Number.isNaN(Date.parse(value))
}

function isUuidOfVersion(value: string, version: number): boolean {
  return new RegExp(`^[0-9a-f]{8}-[0-9a-f]{4}-${version}[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$`, "i").test(value)
}

function isIpv4(value: string): boolean {
  const parts = value.split(".")
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
}

/** Groups of four hex digits, one gap `::`, and perhaps an IPv4 address as the last two groups. */
function isIpv6(value: string): boolean {
  const halves = value.split("::")
  if (!value.includes(":") || halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")))
  const last = groups.at(-1)
  const endsInIpv4 = last?.includes(".") ?? false
  const hex = endsInIpv4 ? groups.slice(0, -1) : groups
  const size = hex.length + (endsInIpv4 ? 2 : 0)
  const sizeFits = halves.length === 2 ? size <= 7 : size === 8
  const tailFits = !endsInIpv4 || (isIpv4(last ?? "") && !(halves.length === 2 && halves[1] === ""))
  return sizeFits && tailFits && hex.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))
}

function isCidr(value: string): boolean {
  const match = /^(.+)\/(\d{1,3})$/.exec(value)
  if (!match) return false
  const [, address = "", length] = match
  return (isIpv4(address) && Number(length) <= 32) || (isIpv6(address) && Number(length) <= 128)
}
