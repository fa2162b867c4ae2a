import { CelError } from "../error.ts"
import { define, type Overload, readsAll } from "../function.ts"
import { Duration, Timestamp, TypeValue, toInt, typeName, Uint, type Value } from "../value.ts"
import { formatDuration, formatTimestamp, readDuration, readTimestamp } from "./time-text.ts"

const same = (value: Value): Value => value
const toBool: ReadonlyMap<string, boolean> = new Map(
  [
    ["1", "t", "T", "true", "TRUE", "True"],
    ["0", "f", "F", "false", "FALSE", "False"],
  ].flatMap((texts, index) => texts.map((text) => [text, index === 0])),
)

function readInt(text: string, pattern: RegExp, type: string): bigint {
  if (!pattern.test(text)) throw new CelError(`cannot convert string '${text.slice(0, 40)}' to ${type}`)
  return BigInt(text)
}

function fromDouble(value: number, type: string): bigint {
  if (!Number.isFinite(value)) throw new CelError(`${type} overflow`)
  return BigInt(Math.trunc(value))
}

function readDouble(text: string): number {
  if (/^[+-]?inf(inity)?$/i.test(text))
    return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  const value = Number(text)
  if (/^nan$/i.test(text) || (text.trim() === text && text !== "" && !Number.isNaN(value))) return value
  throw new CelError(`cannot convert string '${text.slice(0, 40)}' to double`)
}

export function doubleText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf"
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value)
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new CelError("invalid UTF-8 in bytes, cannot convert to string")
  }
}

const numbers: readonly Overload[] = [
  define("int(int): int", same),
  define("int(uint): int", ({ value }: Uint) => toInt(value)),
  define("int(double): int", (value: number) => toInt(fromDouble(value, "integer"))),
  define("int(string): int", (text: string) => toInt(readInt(text, /^-?\d{1,19}$/, "int"))),
  define("int(timestamp): int", ({ ns }: Timestamp) => floorDivide(ns, 1_000_000_000n)),
  define("int(duration): int", ({ ns }: Duration) => ns),
  define("uint(uint): uint", same),
  define("uint(int): uint", (value: bigint) => new Uint(value)),
  define("uint(double): uint", (value: number) => new Uint(fromDouble(value, "unsigned integer"))),
  define("uint(string): uint", (text: string) => new Uint(readInt(text, /^\d{1,20}$/, "uint"))),
  define("double(double): double", same),
  define("double(int): double", (value: bigint) => Number(value)),
  define("double(uint): double", ({ value }: Uint) => Number(value)),
  define("double(string): double", readDouble),
]

const texts: readonly Overload[] = [
  define("string(string): string", same),
  define("string(int): string", (value: bigint) => String(value)),
  define("string(uint): string", ({ value }: Uint) => String(value)),
  define("string(double): string", doubleText),
  define("string(bool): string", (value: boolean) => String(value)),
  define("string(bytes): string", utf8, readsAll),
  define("string(timestamp): string", formatTimestamp),
  define("string(duration): string", formatDuration),
  define("bytes(bytes): bytes", same),
  define("bytes(string): bytes", (text: string) => new TextEncoder().encode(text), readsAll),
  define("bool(bool): bool", same),
  define("bool(string): bool", (text: string) => {
    const value = toBool.get(text)
    if (value === undefined) throw new CelError(`cannot convert string '${text.slice(0, 40)}' to bool`)
    return value
  }),
]

export const conversions: readonly Overload[] = [
  ...numbers,
  ...texts,
  define("dyn(T): dyn", same),
  define("type(T): type", (value: Value) => new TypeValue(typeName(value))),
  define("timestamp(timestamp): timestamp", same),
  define("timestamp(string): timestamp", readTimestamp),
  define("timestamp(int): timestamp", (seconds: bigint) => new Timestamp(seconds * 1_000_000_000n)),
  define("duration(duration): duration", same),
  define("duration(int): duration", (ns: bigint) => new Duration(ns)),
  define("duration(string): duration", readDuration),
]

export function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value % by < 0n ? quotient - 1n : quotient
}
