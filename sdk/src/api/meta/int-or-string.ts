import * as z from "zod"

/** A port number or a port name, a count or a percentage. */
export const IntOrString = z.union([z.int(), z.string()]).meta({
  id: "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
  description: "A whole number, or a string: a name or a percentage.",
  format: "int-or-string",
  "x-kubernetes-int-or-string": true,
})
export type IntOrString = z.output<typeof IntOrString>

/**
 * The count that `value` means of `total`: a number is itself, `"25%"` is a share, rounded as asked.
 * `undefined` when a string is no percentage.
 */
export function countOf(value: IntOrString, total: number, rounding: "up" | "down"): number | undefined {
  if (typeof value === "number") return value
  const percent = /^(\d+)%$/.exec(value)?.[1]
  if (percent === undefined) return undefined
  const share = (Number(percent) * total) / 100
  return rounding === "up" ? Math.ceil(share) : Math.floor(share)
}
