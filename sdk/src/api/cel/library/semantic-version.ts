import { CelError } from "../error.ts"
import { define, type Overload, reads } from "../function.ts"
import { Opaque, toInt } from "../value.ts"

interface Version {
  readonly numbers: readonly bigint[]
  readonly before: readonly string[]
}

const type = "kubernetes.Semver"
const textMax = 256
const form =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$/

/** `v1.02` becomes `1.2.0`, for whoever asks to be lenient. */
function normalized(text: string): string {
  const [, core = "", rest = ""] = /^v?([\d.]*)(.*)$/s.exec(text) ?? []
  const parts = core.split(".").map((part) => part.replace(/^0+(?=\d)/, ""))
  while (parts.length < 3) parts.push("0")
  return parts.join(".") + rest
}

function read(text: string, lenient: boolean): Version | undefined {
  if (text.length > textMax) return undefined
  const found = form.exec(lenient ? normalized(text) : text)
  if (!found) return undefined
  const numbers = found.slice(1, 4).map(BigInt)
  return { numbers, before: found[4]?.split(".") ?? [] }
}

function semver(text: string, lenient: boolean): Opaque<Version> {
  const version = read(text, lenient)
  if (!version)
    throw new CelError(`semver parse error: ${JSON.stringify(text.slice(0, 100))} is not a semantic version`)
  return new Opaque(type, version, [...version.numbers, ...version.before].join("."))
}

function compare({ inner: a }: Opaque<Version>, { inner: b }: Opaque<Version>): number {
  for (let index = 0; index < 3; index++) {
    const [left = 0n, right = 0n] = [a.numbers[index], b.numbers[index]]
    if (left !== right) return left < right ? -1 : 1
  }
  if (a.before.length === 0 || b.before.length === 0) return Math.sign(b.before.length - a.before.length)
  for (let index = 0; index < Math.max(a.before.length, b.before.length); index++) {
    const order = compareParts(a.before[index], b.before[index])
    if (order !== 0) return order
  }
  return 0
}

/** Numbers come before words, and what is shorter before what goes on. */
function compareParts(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1
  const [left, right] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (left && right) return BigInt(a) < BigInt(b) ? -1 : 1
  if (left !== right) return left ? -1 : 1
  return a < b ? -1 : 1
}

type V = Opaque<Version>
export const semanticVersions: readonly Overload[] = [
  define(`semver(string): ${type}`, (text: string) => semver(text, false), reads),
  define(`semver(string, bool): ${type}`, semver, reads),
  define("isSemver(string): bool", (text: string) => read(text, false) !== undefined, reads),
  define("isSemver(string, bool): bool", (text: string, lenient: boolean) => read(text, lenient) !== undefined, reads),
  ...["major", "minor", "patch"].map((name, index) =>
    define(`${type}::${name}(): int`, ({ inner }: V) => toInt(inner.numbers[index] ?? 0n)),
  ),
  define(`${type}::compareTo(${type}): int`, (a: V, b: V) => BigInt(compare(a, b))),
  define(`${type}::isLessThan(${type}): bool`, (a: V, b: V) => compare(a, b) < 0),
  define(`${type}::isGreaterThan(${type}): bool`, (a: V, b: V) => compare(a, b) > 0),
]
