import * as z from "zod"

/**
 * An amount of a resource: `500m` CPU, `1.5Gi` memory. Parsed to an exact count of nano-units (a bigint), because
 * floating point would make `0.1 + 0.2` CPU differ from `300m`.
 */
export const Quantity = z.union([z.string(), z.number()]).meta({
  id: "io.k8s.apimachinery.pkg.api.resource.Quantity",
  description: "An amount with an optional suffix: m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei.",
  format: "quantity",
  "x-kubernetes-int-or-string": true,
})
export type Quantity = z.output<typeof Quantity>

const nano = 1_000_000_000n
const decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"]
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
const shape = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE][+-]?\d{1,3})|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei))?$/
/** 2^63 - 1: Kubernetes caps what is larger. */
const wholeMax = 2n ** 63n - 1n

export type QuantityFormat = "decimal" | "binary" | "exponent"

export interface ParsedQuantity {
  /** Exact amount in billionths. */
  readonly nanos: bigint
  readonly format: QuantityFormat
}

/** `undefined` when the text is no quantity. What is finer than a billionth is rounded up, away from zero. */
export function readQuantity(quantity: Quantity): ParsedQuantity | undefined {
  const match = shape.exec(String(quantity).trim())
  if (!match) return undefined
  const [, sign, whole = "", fraction = "", exponent, suffix = ""] = match
  if (whole === "" && fraction === "") return undefined
  const digits = BigInt(whole + fraction)
  const magnitude = scale(digits, fraction.length, exponent, suffix)
  const capped = magnitude > wholeMax * nano ? wholeMax * nano : magnitude
  const format = suffix.endsWith("i") ? "binary" : exponent === undefined ? "decimal" : "exponent"
  return { nanos: sign === "-" ? -capped : capped, format }
}

function scale(digits: bigint, fractionDigits: number, exponent: string | undefined, suffix: string): bigint {
  const binary = binarySuffixes.indexOf(suffix)
  if (binary > 0) return roundedUp(digits * nano * 1024n ** BigInt(binary), 10n ** BigInt(fractionDigits))
  const power = exponent === undefined ? (decimalSuffixes.indexOf(suffix) - 3) * 3 : Number(exponent.slice(1))
  const shift = 9 + power - fractionDigits
  return shift >= 0 ? digits * 10n ** BigInt(shift) : roundedUp(digits, 10n ** BigInt(-shift))
}

function roundedUp(amount: bigint, divisor: bigint): bigint {
  return (amount + divisor - 1n) / divisor
}

/** Exact amount in billionths. Throws a `RangeError` for what is no quantity: validate first. */
export function parseQuantity(quantity: Quantity): bigint {
  const read = readQuantity(quantity)
  if (!read) throw new RangeError(`not a quantity: ${JSON.stringify(quantity)}`)
  return read.nanos
}

export function isQuantity(quantity: unknown): quantity is Quantity {
  return (typeof quantity === "string" || typeof quantity === "number") && readQuantity(quantity) !== undefined
}

/** Negative, zero or positive, as `left` is less than, equal to or more than `right`. */
export function compareQuantities(left: Quantity, right: Quantity): number {
  const difference = parseQuantity(left) - parseQuantity(right)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** The sum, in the format of the first. */
export function addQuantities(first: Quantity, ...others: Quantity[]): string {
  const format = readQuantity(first)?.format ?? "decimal"
  return formatQuantity(
    others.reduce((sum, quantity) => sum + parseQuantity(quantity), parseQuantity(first)),
    format,
  )
}

/** The amount as a whole number, rounded up: bytes of memory, counts. */
export function wholeUnits(quantity: Quantity): number {
  return Number(ceilDivide(parseQuantity(quantity), nano))
}

/** The amount in thousandths, rounded up: CPU. */
export function milliUnits(quantity: Quantity): number {
  return Number(ceilDivide(parseQuantity(quantity), 1_000_000n))
}

function ceilDivide(amount: bigint, divisor: bigint): bigint {
  return amount > 0n ? roundedUp(amount, divisor) : amount / divisor
}

/** The canonical text: no fraction, the largest suffix that is exact (`1500m`, `2Gi`). */
export function formatQuantity(nanos: bigint, format: QuantityFormat = "decimal"): string {
  if (nanos === 0n) return "0"
  const sign = nanos < 0n ? "-" : ""
  const magnitude = nanos < 0n ? -nanos : nanos
  if (format === "binary" && magnitude % nano === 0n && magnitude >= 1024n * nano) {
    return sign + inSteps(magnitude / nano, 1024n, binarySuffixes)
  }
  if (format !== "exponent") return sign + inSteps(magnitude, 1000n, decimalSuffixes)
  let amount = magnitude
  let power = -9
  while (amount % 1000n === 0n) {
    amount /= 1000n
    power += 3
  }
  return power === 0 ? `${sign}${amount}` : `${sign}${amount}e${power}`
}

function inSteps(amount: bigint, step: bigint, suffixes: readonly string[]): string {
  let rest = amount
  let index = 0
  while (rest % step === 0n && index < suffixes.length - 1) {
    rest /= step
    index += 1
  }
  return `${rest}${suffixes[index]}`
}

/** The canonical text of a quantity as a user wrote it; the same text when it is none. */
export function canonicalQuantity(quantity: Quantity): string {
  const read = readQuantity(quantity)
  return read ? formatQuantity(read.nanos, read.format) : String(quantity)
}
