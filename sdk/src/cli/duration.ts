const units: [name: string, seconds: number][] = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
]

/** An age as kubectl prints it: `12s`, `5m12s`, `3h`, `2d4h`; the smaller unit is left out once it says little. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 120) return `${seconds}s`
  const at = units.findIndex(([, size]) => seconds >= size)
  const [unit, size] = units[at] ?? ["s", 1]
  const [smaller, smallerSize] = units[at + 1] ?? ["s", 1]
  const whole = Math.floor(seconds / size)
  const rest = Math.floor((seconds % size) / smallerSize)
  return whole >= 10 || rest === 0 ? `${whole}${unit}` : `${whole}${unit}${rest}${smaller}`
}

/** Time something took: `41 ms`, `0.4 s`, `1m5s`. */
export function formatElapsed(ms: number): string {
  if (ms < 100) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  return formatAge(ms)
}

/** `30s`, `5m`, `1h30m`, or a bare number of seconds; undefined when it is none of these. */
export function parseDuration(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) * 1000
  if (!/^(\d+(ms|[dhms]))+$/.test(text)) return undefined
  let ms = 0
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|[dhms])/g)) {
    const size = unit === "ms" ? 0.001 : (units.find(([name]) => name === unit)?.[1] ?? 0)
    ms += Number(amount) * size * 1000
  }
  return ms
}
