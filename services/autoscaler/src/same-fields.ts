/** Whether every field of `wanted` stands in `present` as it is. */
export function isWritten(wanted: unknown, present: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return wanted === present
  if (typeof present !== "object" || present === null) return false
  if (Array.isArray(wanted) && Array.isArray(present) && wanted.length !== present.length) return false
  return Object.entries(wanted).every(([name, value]) => isWritten(value, (present as Record<string, unknown>)[name]))
}
