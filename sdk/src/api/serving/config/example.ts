import { stringify } from "yaml"
import { crc32 } from "./crc32.ts"
import type { Data, MapDefinition } from "./setting.ts"

export const exampleKey = "_example"
export const checksumAnnotation = "knative.dev/example-checksum"

const columns = 100
const heading = [
  "################################",
  "#                              #",
  "#    EXAMPLE CONFIGURATION     #",
  "#                              #",
  "################################",
]
const how =
  "Nothing in this block has an effect: it shows what can be set, with the values that hold when it is not. To set something, copy its line out of this block and put it directly below data, beside this block."

/** The example block of a map: every key with what it is for and what holds without it. */
export function exampleOf({ settings, description, example }: MapDefinition<unknown>): string {
  const blocks = Object.entries(settings).map(([key, setting]) =>
    [comment(setting.description), stringify({ [key]: setting.example }, quoted).trimEnd()].join("\n"),
  )
  return `${[heading.join("\n"), comment(description), comment(how), ...(example ? [example] : blocks)].join("\n\n")}\n`
}

const quoted = { lineWidth: 0, defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN" } as const

/** What tells whether an example was changed, as Knative computes it. */
export function exampleChecksum(example: string): string {
  return crc32(example.trim()).toString(16).padStart(8, "0")
}

interface Annotated {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> | undefined } | undefined
  readonly data?: Data | undefined
}

/** The mistake of whoever changed the example instead of the settings. */
export function exampleMistakes({ metadata, data }: Annotated): string[] {
  const example = data?.[exampleKey]
  const checksum = metadata?.annotations?.[checksumAnnotation]
  if (example === undefined || checksum === undefined || checksum === exampleChecksum(example)) return []
  return [
    `the update modifies a key in "${exampleKey}" which is probably not what you want. Instead, copy the respective setting to the top-level of the ConfigMap, directly below "data"`,
  ]
}

function comment(text: string): string {
  const lines = [""]
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? ""
    if (last.length + word.length + 3 > columns) lines.push(word)
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`
  }
  return lines.map((line) => `# ${line}`).join("\n")
}
