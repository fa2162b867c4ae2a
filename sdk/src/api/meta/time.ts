/** Moments as Kubernetes writes them. Pure: the moment is an argument. */

/** `2026-01-31T12:00:00Z` */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

/** `2026-01-31T12:00:00.123000Z` */
export function formatMicroTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`
}

/** Milliseconds since the epoch; `NaN` when it is no time. */
export function parseTime(time: string): number {
  return Date.parse(time)
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const yearMs = 365 * dayMs

/** An age in kubectl's short form, two units at most: `12s`, `3m20s`, `5h`, `2d3h`, `400d`, `2y10d`. */
export function formatAge(ms: number): string {
  if (ms < -1_000) return "<invalid>"
  if (ms < 2 * minuteMs) return `${Math.max(0, Math.floor(ms / 1000))}s`
  if (ms < 10 * minuteMs) return twoUnits(ms, minuteMs, "m", 1000, "s")
  if (ms < 3 * hourMs) return `${Math.floor(ms / minuteMs)}m`
  if (ms < 8 * hourMs) return twoUnits(ms, hourMs, "h", minuteMs, "m")
  if (ms < 2 * dayMs) return `${Math.floor(ms / hourMs)}h`
  if (ms < 8 * dayMs) return twoUnits(ms, dayMs, "d", hourMs, "h")
  if (ms < 2 * yearMs) return `${Math.floor(ms / dayMs)}d`
  if (ms < 8 * yearMs) return twoUnits(ms, yearMs, "y", dayMs, "d")
  return `${Math.floor(ms / yearMs)}y`
}

function twoUnits(ms: number, largeMs: number, large: string, smallMs: number, small: string): string {
  const whole = Math.floor(ms / largeMs)
  const rest = Math.floor((ms - whole * largeMs) / smallMs)
  return rest === 0 ? `${whole}${large}` : `${whole}${large}${rest}${small}`
}

/** Age of something that began at `time`, `<unknown>` when that is not told. */
export function ageOf(time: string | undefined, nowMs: number): string {
  const began = time === undefined ? Number.NaN : parseTime(time)
  return Number.isNaN(began) ? "<unknown>" : formatAge(nowMs - began)
}
