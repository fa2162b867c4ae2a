import type { Revision } from "@wick/sdk/api/serving/revision"
import { labels } from "../labels.ts"

/** namespace/name of a revision's configuration: whoever finds revisions by it shares this one index. */
export function configurationKey({ metadata }: Revision): string {
  return `${metadata.namespace}/${metadata.labels?.[labels.configuration] ?? ""}`
}

export const byConfiguration = { configuration: (revision: Revision): string[] => [configurationKey(revision)] }
