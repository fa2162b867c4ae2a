import { formats } from "../../structural/format.ts"
import { CelError } from "../error.ts"
import { define, type Overload, reads } from "../function.ts"
import { Opaque, Optional } from "../value.ts"

interface Format {
  readonly name: string
  /** What is wrong with a text; empty for nothing. */
  mistakes(text: string): readonly string[]
}

const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const dns1035Text =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"

function name(expression: RegExp, lengthMax: number, complaint: string, prefix = false): Format["mistakes"] {
  return (text) => {
    // A prefix is completed later, so it may end in what a name may not.
    const judged = prefix ? text.replace(/[-.]$/, "a") : text
    const tooLong = text.length > lengthMax ? [`must be no more than ${lengthMax} characters`] : []
    return expression.test(judged) ? tooLong : [...tooLong, complaint]
  }
}

function known(format: string): Format["mistakes"] {
  const test = formats.get(format)
  return (text) => (test?.(text) ? [] : [`must be a valid ${format}`])
}

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const dns1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const qualified = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const lengthMax = { label: 63, subdomain: 253 } as const

function qualifiedName(text: string): readonly string[] {
  const parts = text.split("/")
  const [prefix, own] = parts.length === 1 ? [undefined, parts[0] ?? ""] : [parts[0] ?? "", parts[1] ?? ""]
  const isName = parts.length <= 2 && own.length <= lengthMax.label && qualified.test(own)
  const isPrefix = prefix === undefined || (prefix.length <= lengthMax.subdomain && subdomain.test(prefix))
  return isName && isPrefix
    ? []
    : ["must be a qualified name: an optional DNS subdomain prefix and a name of at most 63 characters"]
}

const all: Readonly<Record<string, Format["mistakes"]>> = {
  dns1123Label: name(label, lengthMax.label, labelText),
  dns1123LabelPrefix: name(label, lengthMax.label, labelText, true),
  dns1123Subdomain: name(subdomain, lengthMax.subdomain, subdomainText),
  dns1123SubdomainPrefix: name(subdomain, lengthMax.subdomain, subdomainText, true),
  dns1035Label: name(dns1035, lengthMax.label, dns1035Text),
  dns1035LabelPrefix: name(dns1035, lengthMax.label, dns1035Text, true),
  qualifiedName,
  labelValue: (text) =>
    text === "" || (text.length <= lengthMax.label && qualified.test(text))
      ? []
      : [
          "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        ],
  uri: known("uri"),
  uuid: known("uuid"),
  byte: known("byte"),
  date: known("date"),
  datetime: known("datetime"),
}

const type = "kubernetes.NamedFormat"
const made = (format: Format): Opaque<Format> => new Opaque(type, format, format.name)

export const namedFormats: readonly Overload[] = [
  ...Object.entries(all).map(([name, mistakes]) => define(`format.${name}(): ${type}`, () => made({ name, mistakes }))),
  define(`format.named(string): optional<${type}>`, (name: string) => {
    const mistakes = Object.hasOwn(all, name) ? all[name] : undefined
    return new Optional(mistakes && made({ name, mistakes }))
  }),
  define(
    `${type}::validate(string): optional<list<string>>`,
    ({ inner }: Opaque<Format>, text: string) => {
      // The expressions above go over a text more than once only where it repeats itself.
      if (text.length > 10_000) throw new CelError("text is too long for a format")
      const mistakes = inner.mistakes(text)
      return new Optional(mistakes.length === 0 ? undefined : mistakes)
    },
    ([, text = 0]) => reads([text]),
  ),
]
