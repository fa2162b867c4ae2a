/** One metric: what it is, and a line for each of its values. */
export interface Family {
  readonly name: string
  readonly type: "counter" | "gauge"
  readonly help: string
  readonly lines: readonly string[]
}

/** Pure: the text form of Prometheus. */
export function textOf(families: readonly Family[]): string {
  const lines = families.flatMap(({ name, type, help, lines }) =>
    lines.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines],
  )
  return `${lines.join("\n")}\n`
}

/** Pure: a value, and when it was read. Labels need no escapes here: they are names of DNS, images and ids. */
export function lineOf(name: string, labels: Readonly<Record<string, string>>, value: number, atMs?: number): string {
  const pairs = Object.entries(labels).map(([label, of]) => `${label}="${of}"`)
  const text = pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`
  return atMs === undefined ? `${text} ${value}` : `${text} ${value} ${Math.round(atMs)}`
}
