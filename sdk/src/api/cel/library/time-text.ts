import { CelError } from "../error.ts"
import { Duration, Timestamp } from "../value.ts"

const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}
const durationForm = /^([+-]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/
const lengthMax = 64

/** As Go writes durations: `1h30m`, `1.5s`. */
export function readDuration(text: string): Duration {
  if (text === "0") return new Duration(0n)
  if (text.length > lengthMax || !durationForm.test(text)) {
    throw new CelError(`time: invalid duration ${JSON.stringify(text.slice(0, lengthMax))}`)
  }
  let ns = 0n
  for (const [, whole = "", fraction = "", unit = ""] of text.matchAll(/(\d*)(?:\.(\d*))?(ns|us|µs|ms|s|m|h)/g)) {
    const scale = units[unit] ?? 1n
    ns += BigInt(whole || "0") * scale
    if (fraction) ns += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length)
  }
  return new Duration(text.startsWith("-") ? -ns : ns)
}

export function formatDuration({ ns }: Duration): string {
  const [sign, left] = ns < 0n ? ["-", -ns] : ["", ns]
  return `${sign}${decimal(left)}s`
}

function decimal(ns: bigint): string {
  const fraction = String(ns % 1_000_000_000n)
    .padStart(9, "0")
    .replace(/0+$/, "")
  return `${ns / 1_000_000_000n}${fraction && `.${fraction}`}`
}

const timestampForm = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)$/

export function readTimestamp(text: string): Timestamp {
  const found = timestampForm.exec(text)
  const [, date, time, fraction = "", zone = ""] = found ?? []
  const ms = found ? Date.parse(`${date}T${time}${zone.toUpperCase()}`) : Number.NaN
  // The platform's reading lets the 31st of a short month pass into the next one.
  const isDay = found && new Date(`${date}T00:00:00Z`).toISOString().startsWith(date ?? "")
  if (Number.isNaN(ms) || !isDay)
    throw new CelError(`cannot parse ${JSON.stringify(text.slice(0, lengthMax))} as a timestamp`)
  return new Timestamp(BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0")))
}

export function formatTimestamp({ ns }: Timestamp): string {
  const fraction = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  const seconds = (ns - fraction) / 1_000_000_000n
  const text = new Date(Number(seconds) * 1000).toISOString().replace(/\.\d+Z$/, "")
  const digits = String(fraction).padStart(9, "0").replace(/0+$/, "")
  return `${text}${digits && `.${digits}`}Z`
}
