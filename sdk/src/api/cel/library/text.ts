import { CelError } from "../error.ts"
import { type Call, define, type Overload, perCharacter, reads, readsAll, searches } from "../function.ts"
import type { Value } from "../value.ts"
import { format } from "./format.ts"

/** Positions count code points, as in Kubernetes; JavaScript's own count UTF-16 units. */
function find(text: string, wanted: string, from: bigint): bigint {
  const characters = [...text]
  if (from < 0n || from > BigInt(characters.length)) throw new CelError(`index out of range: ${from}`)
  const start = characters.slice(0, Number(from)).join("").length
  const at = text.indexOf(wanted, start)
  return at === -1 ? -1n : BigInt([...text.slice(0, at)].length)
}

function findLast(text: string, wanted: string, from: bigint | undefined): bigint {
  const characters = [...text]
  if (from !== undefined && (from < 0n || from > BigInt(characters.length)))
    throw new CelError(`index out of range: ${from}`)
  const start = from === undefined ? text.length : characters.slice(0, Number(from)).join("").length
  const at = text.lastIndexOf(wanted, start)
  return at === -1 ? -1n : BigInt([...text.slice(0, at)].length)
}

function substring(text: string, start: bigint, end: bigint | undefined): string {
  const characters = [...text]
  const last = end ?? BigInt(characters.length)
  if (start < 0n || start > BigInt(characters.length)) throw new CelError(`index out of range: ${start}`)
  if (last < 0n || last > BigInt(characters.length)) throw new CelError(`index out of range: ${last}`)
  if (start > last) throw new CelError(`invalid substring range. start: ${start}, end: ${last}`)
  return characters.slice(Number(start), Number(last)).join("")
}

function replace(text: string, from: string, to: string, limit: bigint, call: Call): string {
  // Bounded before it is made: what is inserted may be long, and often.
  const places = from === "" ? text.length + 1 : text.split(from).length - 1
  const times = limit < 0n ? places : Math.min(places, Number(limit))
  call.charge(times * to.length * perCharacter)
  if (times === 0) return text
  if (from !== "") {
    const parts = text.split(from)
    return parts.slice(0, times).join(to) + (times > 0 ? to : from) + parts.slice(times).join(from)
  }
  const characters = [...text]
  let result = ""
  for (let index = 0; index <= characters.length; index++)
    result += (index < times ? to : "") + (characters[index] ?? "")
  return result
}

function split(text: string, separator: string, limit: bigint, call: Call): string[] {
  if (limit === 0n) return []
  if (limit === 1n) return [text]
  const parts = separator === "" ? [...text] : text.split(separator)
  call.charge(parts.length * perCharacter)
  if (limit < 0n || BigInt(parts.length) <= limit) return parts
  const count = Number(limit) - 1
  return [...parts.slice(0, count), parts.slice(count).join(separator)]
}

function joined(list: readonly Value[], separator: string, call: Call): string {
  if (list.some((each) => typeof each !== "string")) throw new CelError("no such overload: join")
  const texts = list as readonly string[]
  call.charge(texts.reduce((sum, each) => sum + each.length + separator.length, 0) * perCharacter)
  return texts.join(separator)
}

function characterAt(text: string, index: bigint): string {
  const characters = [...text]
  if (index < 0n || index > BigInt(characters.length)) throw new CelError(`index out of range: ${index}`)
  return characters[Number(index)] ?? ""
}

const quoteEscapes: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
}

export const text: readonly Overload[] = [
  define("string::contains(string): bool", (a: string, b: string) => a.includes(b), searches),
  define(
    "string::startsWith(string): bool",
    (a: string, b: string) => a.startsWith(b),
    ([, b = 0]) => Math.ceil(b * perCharacter),
  ),
  define(
    "string::endsWith(string): bool",
    (a: string, b: string) => a.endsWith(b),
    ([, b = 0]) => Math.ceil(b * perCharacter),
  ),
  define("string::charAt(int): string", characterAt, reads),
  define("string::indexOf(string): int", (a: string, b: string) => find(a, b, 0n), searches),
  define("string::indexOf(string, int): int", (a: string, b: string, from: bigint) => find(a, b, from), searches),
  define("string::lastIndexOf(string): int", (a: string, b: string) => findLast(a, b, undefined), searches),
  define(
    "string::lastIndexOf(string, int): int",
    (a: string, b: string, from: bigint) => findLast(a, b, from),
    searches,
  ),
  define("string::lowerAscii(): string", (a: string) => a.replace(/[A-Z]+/g, (each) => each.toLowerCase()), reads),
  define("string::upperAscii(): string", (a: string) => a.replace(/[a-z]+/g, (each) => each.toUpperCase()), reads),
  define(
    "string::replace(string, string): string",
    (a: string, b: string, c: string, call: Call) => replace(a, b, c, -1n, call),
    reads,
  ),
  define("string::replace(string, string, int): string", replace, reads),
  define("string::split(string): list<string>", (a: string, b: string, call: Call) => split(a, b, -1n, call), reads),
  define("string::split(string, int): list<string>", split, reads),
  define("string::substring(int): string", (a: string, start: bigint) => substring(a, start, undefined), reads),
  define("string::substring(int, int): string", substring, reads),
  define("string::trim(): string", (a: string) => a.trim(), reads),
  define("string::reverse(): string", (a: string) => [...a].reverse().join(""), reads),
  define("string::format(list<dyn>): string", format, readsAll),
  define("jsonpatch.escapeKey(string): string", (a: string) => a.replaceAll("~", "~0").replaceAll("/", "~1"), reads),
  define(
    "strings.quote(string): string",
    (a: string) => `"${a.replace(/[\p{Cc}\\"]/gu, (each) => quoteEscapes[each] ?? each)}"`,
    reads,
  ),
  define("list<string>::join(): string", (list: readonly Value[], call: Call) => joined(list, "", call)),
  define("list<string>::join(string): string", joined),
]
