/** What a registry asks for with 401, by RFC 9110 §11.6.1 and the token specification of the distribution project. */
export interface Challenge {
  /** In lower case: `basic`, `bearer`. */
  readonly scheme: string
  /** `realm`, `service`, `scope`; names in lower case. */
  readonly parameters: Readonly<Record<string, string>>
}

/** Pure: the challenges of a `WWW-Authenticate` header, which may list several with their parameters. */
export function parseChallenges(header: string): Challenge[] {
  const found: { scheme: string; parameters: Record<string, string> }[] = []
  // Either a parameter (name=value or name="quoted"), or the name of a scheme.
  const token = /\s*,?\s*(?:([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([\w!#$%&'*+.^`|~-]+))/gy
  for (const [, name, quoted, plain, scheme] of header.matchAll(token)) {
    if (scheme) found.push({ scheme: scheme.toLowerCase(), parameters: {} })
    else if (name) {
      const last = found.at(-1)
      if (last) last.parameters[name.toLowerCase()] = quoted?.replace(/\\(.)/g, "$1") ?? plain ?? ""
    }
  }
  return found
}
