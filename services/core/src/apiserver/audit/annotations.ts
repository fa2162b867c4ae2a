/** What is noted of requests while they are answered, for their records. Only of those that are written down. */
const annotations = new WeakMap<Request, Record<string, string>>()

/** From now on what is noted of `request` is kept, in the record that is given back. */
export function keepAnnotations(request: Request): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {}
  annotations.set(request, kept)
  return kept
}

/** Notes something of `request`. A key is noted once. */
export function annotate(request: Request, key: string, value: string): void {
  const kept = annotations.get(request)
  if (kept && kept[key] === undefined) kept[key] = value
}
