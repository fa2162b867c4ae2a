/** Why a text is no schedule, in the words of the parser that Kubernetes uses; undefined when it is one. */
export function scheduleMistake(schedule: string): string | undefined {
  if (schedule.startsWith("@")) return descriptorMistake(schedule)
  const fields = schedule.split(/\s+/).filter((field) => field !== "")
  if (fields.length !== bounds.length) {
    return `expected exactly ${bounds.length} fields, found ${fields.length}: [${fields.join(" ")}]`
  }
  for (const [at, field] of fields.entries()) {
    const bound = bounds[at]
    for (const part of field.split(",")) {
      const mistake = bound && rangeMistake(part, bound)
      if (mistake) return mistake
    }
  }
  return undefined
}

interface Bound {
  readonly least: number
  readonly most: number
  readonly names?: readonly string[]
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
const bounds: readonly Bound[] = [
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  { least: 1, most: 31 },
  { least: 1, most: 12, names: months },
  { least: 0, most: 6, names: days },
]
const descriptors = new Set(["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"])
const every = "@every "
const duration = /^[+-]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/

function descriptorMistake(schedule: string): string | undefined {
  if (descriptors.has(schedule)) return undefined
  if (!schedule.startsWith(every)) return `unrecognized descriptor: ${schedule}`
  const text = schedule.slice(every.length)
  return duration.test(text) ? undefined : `failed to parse duration ${schedule}: time: invalid duration "${text}"`
}

/** One of `*`, `5`, `1-5`, each perhaps with a step: star, slash, 10. */
function rangeMistake(part: string, bound: Bound): string | undefined {
  const [span = "", step, ...moreSteps] = part.split("/")
  const [low = "", high, ...moreEnds] = span.split("-")
  if (moreSteps.length > 0) return `too many slashes: ${part}`
  if (moreEnds.length > 0) return `too many hyphens: ${part}`
  const isAny = low === "*" || low === "?"
  const start = isAny ? bound.least : numberOf(low, bound)
  if (typeof start === "string") return start
  const last = isAny || (step !== undefined && high === undefined) ? bound.most : numberOf(high ?? low, bound)
  if (typeof last === "string") return last
  if (start < bound.least) return `beginning of range (${start}) below minimum (${bound.least}): ${part}`
  if (last > bound.most) return `end of range (${last}) above maximum (${bound.most}): ${part}`
  if (start > last) return `beginning of range (${start}) beyond end of range (${last}): ${part}`
  if (step === undefined) return undefined
  const width = wholeNumber(step)
  if (typeof width === "string") return width
  return width === 0 ? `step of range should be a positive number: ${part}` : undefined
}

function numberOf(text: string, { names, least }: Bound): number | string {
  const at = names?.indexOf(text.toLowerCase()) ?? -1
  return at >= 0 ? at + least : wholeNumber(text)
}

function wholeNumber(text: string): number | string {
  if (/^-\d+$/.test(text)) return `negative number (${text}) not allowed: ${text}`
  return /^\+?\d+$/.test(text)
    ? Number(text)
    : `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`
}
