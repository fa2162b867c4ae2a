/** A ConfigMap or Secret, as flags name it. */
export interface KeptObject {
  readonly kind: "ConfigMap" | "Secret"
  readonly name: string
}

const prefixes: Readonly<Record<string, KeptObject["kind"]>> = {
  cm: "ConfigMap",
  "config-map": "ConfigMap",
  sc: "Secret",
  secret: "Secret",
}

/** `cm:NAME`, `config-map:NAME`, `secret:NAME`, `sc:NAME`; undefined for anything else. */
export function readKeptObject(text: string): KeptObject | undefined {
  const [, prefix = "", name = ""] = /^([^:]*):([^:]+)$/.exec(text) ?? []
  const kind = prefixes[prefix]
  return kind && { kind, name }
}
