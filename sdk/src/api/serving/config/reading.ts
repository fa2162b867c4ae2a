import * as z from "zod"
import { compileTemplate, type GoTemplate } from "../../../go-template/index.ts"
import { isQuantity } from "../../meta/quantity.ts"
import { readGoDuration } from "./go-duration.ts"
import type { Reading } from "./setting.ts"

const truths: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(["1", "t", "T", "TRUE", "true", "True"].map((text) => [text, true])),
  ...Object.fromEntries(["0", "f", "F", "FALSE", "false", "False"].map((text) => [text, false])),
}

/** A reading whose `parse` throws a `RangeError` with what is wrong. */
function reading<Value>(parse: (text: string) => Value): Reading<Value> {
  return z.string().transform((text, context) => {
    try {
      return parse(text)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      context.issues.push({ code: "custom", message: error.message, input: text })
      return z.NEVER
    }
  }) as unknown as Reading<Value>
}

export const text: Reading<string> = z.string()

/** Where something is on another host, whose certificate is looked at. */
export const httpsUrl = reading((given) => {
  if (URL.parse(given)?.protocol === "https:") return given
  throw new RangeError(`must be a URL that starts with https://, but was ${JSON.stringify(given)}`)
})

export const bool = reading((given) => {
  const value = truths[given]
  if (value === undefined) throw new RangeError(`strconv.ParseBool: parsing ${JSON.stringify(given)}: invalid syntax`)
  return value
})

/** `true`, `false`, or anything else: left open. */
export const maybe = reading((given): boolean | undefined => {
  const folded = given.toLowerCase()
  return folded === "true" ? true : folded === "false" ? false : undefined
})

const bounds = { 32: 2 ** 31 - 1, 64: Number.MAX_SAFE_INTEGER }
const int = (bits: 32 | 64) =>
  reading((given) => {
    if (!/^[+-]?\d+$/.test(given))
      throw new RangeError(`strconv.ParseInt: parsing ${JSON.stringify(given)}: invalid syntax`)
    const value = Number(given)
    if (Math.abs(value) > bounds[bits])
      throw new RangeError(`strconv.ParseInt: parsing ${JSON.stringify(given)}: value out of range`)
    return value
  })
export const int32 = int(32)
export const int64 = int(64)

export const float = reading((given) => {
  const value = Number(given)
  if (given.trim() !== given || given === "" || Number.isNaN(value) || /^0[xbo]/i.test(given))
    throw new RangeError(`strconv.ParseFloat: parsing ${JSON.stringify(given)}: invalid syntax`)
  return value
})

/** A Go duration, in milliseconds. */
export const duration = reading((given) => {
  const read = readGoDuration(given)
  if ("mistake" in read) throw new RangeError(read.mistake)
  return read.ms
})

export const quantity = reading((given) => {
  if (isQuantity(given)) return given
  throw new RangeError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
})

/** Names between commas. */
export const names = reading((given): readonly string[] =>
  given
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== ""),
)

/** One of some words, however they are capitalized. */
export function choice<const Word extends string>(
  words: readonly Word[],
  refusal: (given: string) => string,
): Reading<Word> {
  return reading((given) => {
    const found = words.find((word) => word.toLowerCase() === given.toLowerCase())
    if (found === undefined) throw new RangeError(refusal(given))
    return found
  })
}

/** A Go template that can be filled from `trial`. */
export function template(name: string, trial: object): Reading<GoTemplate> {
  return reading((given) => {
    const compiled = compileTemplate(name, given)
    compiled.execute(trial)
    return compiled
  })
}

/** `disabled`, or what another reading reads. */
export function unlessDisabled<Value>(other: Reading<Value>): Reading<Value | "disabled"> {
  return reading((given) => {
    if (given.toLowerCase() === "disabled") return "disabled"
    const read = other.safeParse(given)
    if (!read.success) throw new RangeError(read.error.issues[0]?.message)
    return read.data
  })
}
