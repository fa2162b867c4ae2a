/** One line of Prometheus' text format. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/
const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g
const escapes: Readonly<Record<string, string>> = { "\\n": "\n", '\\"': '"', "\\\\": "\\" }

/** The samples of a text exposition (Prometheus' format 0.0.4) whose name is wanted; comments and other lines are passed over. */
export function parseExposition(text: string, wanted: (name: string) => boolean): Sample[] {
  return text.split("\n").flatMap((each) => {
    const [, name = "", labels = "", value] = line.exec(each) ?? []
    if (!wanted(name)) return []
    const pairs = [...labels.matchAll(label)].map(([, key = "", said = ""]) => [key, withoutEscapes(said)] as const)
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }]
  })
}

function withoutEscapes(text: string): string {
  return text.replace(/\\[n"\\]/g, (escaped) => escapes[escaped] ?? escaped)
}
