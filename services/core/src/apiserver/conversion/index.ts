/**
 * Versions of custom resources: objects are stored in one version and served in all of them. Between versions only the
 * name changes, or a webhook converts; either way an object has no fields that the schema of its version does not know.
 */
import type { CustomResourceConversion } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import type { CompiledSchema, JsonSchema } from "@wick/sdk/api/structural"
import type * as z from "zod"
import type { Conversion } from "../served-resource.ts"
import { type WebhookCalls, webhookConversion } from "./webhook-conversion.ts"

interface VersionSchema {
  readonly apiVersion: string
  readonly schema: JsonSchema
  compiled(): CompiledSchema
}

/** How objects of a definition are converted; undefined when all versions are alike. */
export function conversionOf(
  { strategy, webhook }: z.output<typeof CustomResourceConversion>,
  versions: readonly VersionSchema[],
  calls: () => WebhookCalls,
): Conversion | undefined {
  if (versions.length < 2) return undefined
  const convert = strategy === "Webhook" && webhook ? webhookConversion(webhook, calls()) : rename
  if (convert === rename && areAlike(versions)) return undefined
  return async (objects, apiVersion) => {
    const converted = await convert(objects, apiVersion)
    const compiled = versions.find((each) => each.apiVersion === apiVersion)?.compiled()
    for (const object of converted) compiled?.prune(object)
    return converted
  }
}

const rename: Conversion = async (objects, apiVersion) =>
  objects.map((object) => ({ ...structuredClone(object), apiVersion }))

function areAlike(versions: readonly VersionSchema[]): boolean {
  return new Set(versions.map(({ schema }) => JSON.stringify(schema))).size === 1
}
