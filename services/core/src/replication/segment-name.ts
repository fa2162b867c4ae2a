/** Files of the log: `log-0000000000000001`, and `spare-1`, one of zeros that is not part of it yet. */
export const sparePrefix = "spare-"
const prefix = "log-"
const digits = 16

export function segmentName(number: number): string {
  return prefix + String(number).padStart(digits, "0")
}

export function segmentNumber(name: string): number | undefined {
  const number = name.slice(prefix.length)
  return name.startsWith(prefix) && number.length === digits && /^\d+$/.test(number) ? Number(number) : undefined
}
