import * as z from "zod"
import { type Labels, mostSpecific, selector } from "./selector.ts"
import type { Data, MapDefinition } from "./setting.ts"

/** Domains, each with the labels of the routes that live under it; an empty selector takes all. */
export type Domains = Readonly<Record<string, Labels>>

/** Where routes live that no selector takes. */
const domainDefault = "example.com"

const schema = z.record(z.string(), z.string()).transform((data, context): Domains => {
  const read = Object.entries(data).flatMap(([domain, text]): [string, Labels][] => {
    const labels = selector.safeParse(text)
    if (labels.success) return [[domain, labels.data]]
    context.issues.push({ code: "custom", message: `${domain}: ${labels.error.issues[0]?.message}`, input: data })
    return []
  })
  const hasDefault = read.some(([, labels]) => Object.keys(labels).length === 0)
  return Object.fromEntries(hasDefault ? read : [...read, [domainDefault, {}]])
})

const example = [
  "# Every key is a domain. Without a selector it is the domain of all routes that no other takes.",
  'example.com: ""',
  "",
  "# Routes with these labels live under this one; the selector with the most labels wins.",
  "example.org: |",
  "  selector:",
  "    app: nonprofit",
  "",
  "# Routes that only pods of the cluster may call.",
  "svc.cluster.local: |",
  "  selector:",
  "    app: secret",
].join("\n")

/** Domains that routes live under. */
export const domainMap: MapDefinition<Domains> = {
  name: "config-domain",
  description: "Domains that routes live under.",
  settings: {},
  schema: schema as unknown as z.ZodType<Domains, Data>,
  example,
}

/** The domain of a route with these labels: that of the most specific selector, then the first by name. */
export function domainOf(domains: Domains, labels: Labels | undefined): string {
  return mostSpecific(domains, labels) ?? domainDefault
}
