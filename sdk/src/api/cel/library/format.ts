import { CelError } from "../error.ts"
import { type Call, perCharacter } from "../function.ts"
import { Duration, isList, isMap, Timestamp, TypeValue, Uint, type Value } from "../value.ts"
import { doubleText } from "./conversions.ts"
import { formatDuration, formatTimestamp } from "./time-text.ts"

const precisionMax = 100
const verb = /%(?:\.(\d+))?([a-zA-Z%]?)/g

/** `"%s has %d".format([a, b])`. */
export function format(template: string, values: readonly Value[], call: Call): string {
  let next = 0
  const result = template.replace(verb, (_, precision: string | undefined, letter: string) => {
    if (letter === "%") return "%"
    const value = values[next]
    if (value === undefined) throw new CelError(`index ${next} out of range`)
    next += 1
    const digits = precision === undefined ? 6 : Number(precision)
    if (digits > precisionMax) throw new CelError(`precision ${digits} is more than ${precisionMax}`)
    const text = formatted(letter, value, digits)
    call.charge(text.length * perCharacter)
    return text
  })
  return result
}

function formatted(letter: string, value: Value, digits: number): string {
  switch (letter) {
    case "s":
      return shown(value)
    case "d":
      return whole(value, "d") ?? shown(value)
    case "f":
      return double(value, letter).toFixed(digits)
    case "e":
      return double(value, letter)
        .toExponential(digits)
        .replace(/e([+-])(\d)$/, "e$10$2")
    case "b":
      return typeof value === "boolean" ? String(Number(value)) : integer(value, letter).toString(2)
    case "o":
      return integer(value, letter).toString(8)
    case "x":
    case "X": {
      const text = hexadecimal(value)
      return letter === "X" ? text.toUpperCase() : text
    }
    default:
      throw new CelError(`could not parse formatting clause: unrecognized formatting clause "${letter}"`)
  }
}

function hexadecimal(value: Value): string {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value
  if (!(bytes instanceof Uint8Array)) return integer(value, "x").toString(16)
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
}

function whole(value: Value, letter: string): string | undefined {
  if (typeof value === "bigint") return String(value)
  if (value instanceof Uint) return String(value.value)
  if (typeof value === "number") return doubleText(value)
  throw wrong(letter)
}

function integer(value: Value, letter: string): bigint {
  if (typeof value === "bigint") return value
  if (value instanceof Uint) return value.value
  throw wrong(letter)
}

function double(value: Value, letter: string): number {
  if (typeof value === "number") return value
  return Number(integer(value, letter))
}

function wrong(letter: string): CelError {
  return new CelError(`error during formatting: %${letter} does not take a value of this type`)
}

function shown(value: Value): string {
  if (value === null) return "null"
  if (typeof value === "number") return doubleText(value)
  if (typeof value !== "object") return String(value)
  if (value instanceof Uint) return String(value.value)
  if (value instanceof Uint8Array) return new TextDecoder().decode(value)
  if (value instanceof Timestamp) return formatTimestamp(value)
  if (value instanceof Duration) return formatDuration(value)
  if (value instanceof TypeValue) return value.name
  if (isList(value)) return `[${value.map(shown).join(", ")}]`
  if (!isMap(value)) throw wrong("s")
  const entries = [...value.keys()].map((key) => `${shown(key)}: ${shown(value.get(key) ?? null)}`)
  return `{${entries.sort().join(", ")}}`
}
