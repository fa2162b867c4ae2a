import { CelError } from "../error.ts"
import { define, type Overload } from "../function.ts"
import type { Duration, Timestamp } from "../value.ts"
import { floorDivide } from "./conversions.ts"

type Part = (local: Date, timestamp: Timestamp) => number

const dayMs = 86_400_000
const parts: Readonly<Record<string, Part>> = {
  getFullYear: (local) => local.getUTCFullYear(),
  getMonth: (local) => local.getUTCMonth(),
  getDate: (local) => local.getUTCDate(),
  getDayOfMonth: (local) => local.getUTCDate() - 1,
  getDayOfWeek: (local) => local.getUTCDay(),
  getDayOfYear: (local) => Math.floor((local.getTime() - Date.UTC(local.getUTCFullYear(), 0, 1)) / dayMs),
  getHours: (local) => local.getUTCHours(),
  getMinutes: (local) => local.getUTCMinutes(),
  getSeconds: (local) => local.getUTCSeconds(),
  getMilliseconds: (_, { ns }) => Number((((ns / 1_000_000n) % 1000n) + 1000n) % 1000n),
}

function msOf({ ns }: Timestamp): number {
  return Number(floorDivide(ns, 1_000_000n))
}

/** The instant moved so that its UTC parts are those of the zone: `UTC`, `+02:00` or a name such as `Europe/Zurich`. */
function local(timestamp: Timestamp, zone: string): Date {
  const ms = msOf(timestamp)
  const offset = /^([+-]?)(\d\d):(\d\d)$/.exec(zone)
  if (offset) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3])
    return new Date(ms + (offset[1] === "-" ? -minutes : minutes) * 60_000)
  }
  try {
    const format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    })
    const found = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = found
    return new Date(Date.UTC(year, month - 1, day, hour, minute, second))
  } catch {
    throw new CelError(`unknown time zone ${zone.slice(0, 64)}`)
  }
}

const spans: Readonly<Record<string, bigint>> = {
  getHours: 3_600_000_000_000n,
  getMinutes: 60_000_000_000n,
  getSeconds: 1_000_000_000n,
  getMilliseconds: 1_000_000n,
}

export const time: readonly Overload[] = [
  ...Object.entries(parts).flatMap(([name, part]) => [
    define(`timestamp::${name}(): int`, (at: Timestamp) => BigInt(part(new Date(msOf(at)), at))),
    define(`timestamp::${name}(string): int`, (at: Timestamp, zone: string) => BigInt(part(local(at, zone), at))),
  ]),
  ...Object.entries(spans).map(([name, span]) => define(`duration::${name}(): int`, ({ ns }: Duration) => ns / span)),
]
