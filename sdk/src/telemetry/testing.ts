/** For tests that hold a service's metrics against what users are told of them. */
import { readFileSync } from "node:fs"

const page = new URL("../../../docs/metrics.md", import.meta.url)

/** Names in the tables of these sections of `docs/metrics.md`, sorted. */
export function documentedMetrics(...sections: string[]): string[] {
  const parts = readFileSync(page, "utf8").split(/^## /m)
  return sections
    .flatMap((section) => {
      const part = parts.find((text) => text.startsWith(`${section}\n`))
      if (part === undefined) throw new Error(`docs/metrics.md has no section ${section}`)
      return [...part.matchAll(/^\| `(\w+)` \| (?:counter|gauge|histogram) \|/gm)].map(([, name = ""]) => name)
    })
    .toSorted()
}
