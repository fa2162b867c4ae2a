const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** Milliseconds of a duration as Go writes it, `1m3.25s`; undefined when it is none. */
export function durationMs(text: string): number | undefined {
  const part = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g
  if (text === "" || text.replaceAll(part, "") !== "") return undefined
  let ms = 0
  for (const [, amount, unit = ""] of text.matchAll(part)) ms += Number(amount) * (unitsMs[unit] ?? 0)
  return ms
}
