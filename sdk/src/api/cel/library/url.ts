import { CelError } from "../error.ts"
import { define, type Overload, reads } from "../function.ts"
import { CelMap, Opaque } from "../value.ts"

interface Parsed {
  readonly scheme: string
  readonly host: string
  readonly path: string
  readonly query: string
}

/** Absolute, or a path that begins with a slash. The parts stay as they were written. */
function read(text: string): Parsed | undefined {
  const found = /^(?:([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/([^/?#]*))?)?([^?#]*)(?:\?([^#]*))?$/.exec(text)
  if (!found) return undefined
  const [, scheme = "", authority = "", path = "", query = ""] = found
  if ((scheme === "" && !text.startsWith("/")) || /[\s\p{Cc}]/u.test(text)) return undefined
  if (scheme !== "" && authority !== "" && !URL.canParse(text)) return undefined
  return { scheme: scheme.toLowerCase(), host: authority.slice(authority.lastIndexOf("@") + 1), path, query }
}

function url(text: string): Opaque<Parsed> {
  const parsed = read(text)
  if (!parsed)
    throw new CelError(
      `URL parse error during conversion from string: parse ${JSON.stringify(text.slice(0, 200))}: invalid URI for request`,
    )
  return new Opaque("kubernetes.URL", parsed, text)
}

function hostname(host: string): string {
  return /^\[(.*)\](:\d*)?$/.exec(host)?.[1] ?? host.replace(/:\d*$/, "")
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Escaped as Go does it, which leaves some signs of paths alone. */
function escaped(path: string): string {
  return encodeURI(unescaped(path)).replaceAll("?", "%3F").replaceAll("#", "%23")
}

function queryOf(query: string): CelMap {
  const names = new Set(new URLSearchParams(query).keys())
  const map = new CelMap()
  for (const name of names) map.add(name, new URLSearchParams(query).getAll(name))
  return map
}

const type = "kubernetes.URL"
export const urls: readonly Overload[] = [
  define(`url(string): ${type}`, url, reads),
  define("isURL(string): bool", (text: string) => read(text) !== undefined, reads),
  define(`${type}::getScheme(): string`, ({ inner }: Opaque<Parsed>) => inner.scheme),
  define(`${type}::getHost(): string`, ({ inner }: Opaque<Parsed>) => inner.host),
  define(`${type}::getHostname(): string`, ({ inner }: Opaque<Parsed>) => hostname(inner.host)),
  define(`${type}::getPort(): string`, ({ inner }: Opaque<Parsed>) => /:(\d*)$/.exec(inner.host)?.[1] ?? ""),
  define(`${type}::getEscapedPath(): string`, ({ inner }: Opaque<Parsed>) => escaped(inner.path)),
  define(`${type}::getQuery(): map<string, list<string>>`, ({ inner }: Opaque<Parsed>) => queryOf(inner.query)),
]
