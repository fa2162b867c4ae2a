const millisecond = 1
const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: millisecond,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}

/** Milliseconds of a Go duration such as `90s`, `1m30s`, `-1.5h` or `0`, or what Go says is wrong with it. */
export function readGoDuration(text: string): { readonly ms: number } | { readonly mistake: string } {
  const shown = JSON.stringify(text)
  const match = /^([+-]?)(.*)$/s.exec(text)
  const body = match?.[2] ?? ""
  if (body === "0") return { ms: 0 }
  if (body === "") return { mistake: `time: invalid duration ${shown}` }
  let rest = body
  let ms = 0
  while (rest !== "") {
    const part = /^(\d+(?:\.\d*)?|\.\d+)([^\d.]*)/.exec(rest)
    if (!part) return { mistake: `time: invalid duration ${shown}` }
    const unit = part[2] ?? ""
    if (unit === "") return { mistake: `time: missing unit in duration ${shown}` }
    const size = units[unit]
    if (size === undefined) return { mistake: `time: unknown unit ${JSON.stringify(unit)} in duration ${shown}` }
    ms += Number(part[1]) * size
    rest = rest.slice(part[0].length)
  }
  return { ms: match?.[1] === "-" ? -ms : ms }
}

/** A duration as Go prints it: `1m0s`, `5.5s`, `1h0m0s`, `20ms`, `0s`. */
export function goDuration(ms: number): string {
  if (ms < 0) return `-${goDuration(-ms)}`
  if (ms === 0) return "0s"
  if (ms < 1_000) return ms < 1 ? `${round(ms * 1e3)}µs` : `${round(ms)}ms`
  const hours = Math.floor(ms / 3_600_000)
  const minutes = Math.floor((ms % 3_600_000) / 60_000)
  const seconds = round((ms % 60_000) / 1_000)
  return `${hours > 0 ? `${hours}h` : ""}${hours > 0 || minutes > 0 ? `${minutes}m` : ""}${seconds}s`
}

function round(value: number): number {
  return Number(value.toFixed(9))
}
