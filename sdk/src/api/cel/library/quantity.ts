import { parseQuantity, readQuantity } from "../../meta/quantity.ts"
import { CelError } from "../error.ts"
import { define, type Overload, reads } from "../function.ts"
import { Opaque, toInt } from "../value.ts"

const type = "kubernetes.Quantity"
const billion = 1_000_000_000n
const textMax = 128

type Amount = Opaque<bigint>

function amount(nanos: bigint): Amount {
  return new Opaque(type, nanos, String(nanos))
}

function quantity(text: string): Amount {
  if (!isQuantity(text)) {
    throw new CelError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
  }
  return amount(parseQuantity(text))
}

function isQuantity(text: string): boolean {
  return text.length <= textMax && text.trim() === text && readQuantity(text) !== undefined
}

function whole({ inner }: Amount): bigint {
  if (inner % billion !== 0n) throw new CelError("cannot convert value to integer")
  return toInt(inner / billion, "cannot convert value to integer")
}

export const quantities: readonly Overload[] = [
  define(`quantity(string): ${type}`, quantity, reads),
  define("isQuantity(string): bool", isQuantity, reads),
  define(`${type}::sign(): int`, ({ inner }: Amount) => (inner < 0n ? -1n : inner > 0n ? 1n : 0n)),
  define(`${type}::add(${type}): ${type}`, (a: Amount, b: Amount) => amount(a.inner + b.inner)),
  define(`${type}::add(int): ${type}`, (a: Amount, b: bigint) => amount(a.inner + b * billion)),
  define(`${type}::sub(${type}): ${type}`, (a: Amount, b: Amount) => amount(a.inner - b.inner)),
  define(`${type}::sub(int): ${type}`, (a: Amount, b: bigint) => amount(a.inner - b * billion)),
  define(`${type}::isGreaterThan(${type}): bool`, (a: Amount, b: Amount) => a.inner > b.inner),
  define(`${type}::isLessThan(${type}): bool`, (a: Amount, b: Amount) => a.inner < b.inner),
  define(`${type}::compareTo(${type}): int`, (a: Amount, b: Amount) =>
    a.inner < b.inner ? -1n : a.inner > b.inner ? 1n : 0n,
  ),
  define(`${type}::asInteger(): int`, whole),
  define(`${type}::isInteger(): bool`, ({ inner }: Amount) => inner % billion === 0n),
  define(`${type}::asApproximateFloat(): double`, ({ inner }: Amount) => Number(inner) / Number(billion)),
]
