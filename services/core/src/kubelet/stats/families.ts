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

/** Pure: a value, and when it was read. */
export function lineOf(name: string, labels: Readonly<Record<string, string>>, value: number, atMs?: number): string {
  const pairs = Object.entries(labels).map(([label, of]) => `${label}="${escaped(of)}"`)
  const text = pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`
  return atMs === undefined ? `${text} ${value}` : `${text} ${value} ${Math.round(atMs)}`
}

const special = /[\\"\n]/g

/** An image's name is what a pod says, whatever that is. */
function escaped(text: string): string {
  return text.replace(special, (one) => (one === "\n" ? "\\n" : `\\${one}`))
}
