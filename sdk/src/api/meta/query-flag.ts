/**
 * An option of a query that is on or off, as Kubernetes reads it: only `false` in any case and `0` are off; clients write
 * `true`, `True`, `1` or nothing at all. Undefined where it is not given.
 */
export function queryFlag(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name)
  return value === null ? undefined : value !== "0" && value.toLowerCase() !== "false"
}
