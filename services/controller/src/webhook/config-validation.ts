import type { AnyObject } from "@wick/sdk/api/kind"
import { configMistakes, type Data, exampleMistakes } from "@wick/sdk/api/serving/config"
import type { ReviewRequest } from "./admission-review.ts"

/** What is wrong with an operator's map; undefined for nothing. Others' maps are not judged. */
export function configRefusal({ object, operation }: ReviewRequest): string | undefined {
  if (!object || operation === "DELETE") return undefined
  const { metadata, data } = object as AnyObject & { readonly data?: Data }
  const { annotations } = metadata
  const mistakes = [
    ...exampleMistakes({ metadata: { annotations }, data }),
    ...configMistakes(metadata.name ?? "", data ?? {}),
  ]
  return mistakes.length === 0 ? undefined : `validation failed: ${mistakes.join("\n")}`
}
