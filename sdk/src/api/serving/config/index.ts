/**
 * What operators may set: one ConfigMap in the namespace `knative-serving` each, its keys, what holds without them, and
 * what Knative says of a text that it cannot read. The one reading that webhook, controller, autoscaler and activator
 * share. Pure: who watches the maps is `@wick/sdk/serving-config`.
 */
import { autoscalerMap } from "./autoscaler.ts"
import { defaultsMap } from "./defaults.ts"
import { deploymentMap } from "./deployment.ts"
import { domainMap } from "./domain.ts"
import { checksumAnnotation, exampleChecksum, exampleKey, exampleMistakes, exampleOf } from "./example.ts"
import { type Features, features, featuresMap } from "./features.ts"
import { gcMap } from "./gc.ts"
import { leaderElectionMap } from "./leader-election.ts"
import { loggingMap } from "./logging.ts"
import { networkMap } from "./network.ts"
import { observabilityMap } from "./observability.ts"
import { type Data, type MapDefinition, withoutDocumentation } from "./setting.ts"
import { wickMap } from "./wick.ts"

export { scalingBounds, targetFraction } from "./autoscaler.ts"
export { type Domains, domainOf } from "./domain.ts"
export type { FeatureName, Features, Flag } from "./features.ts"
export { goDuration, readGoDuration } from "./go-duration.ts"
export type { Component, Logging, LogLevel } from "./logging.ts"
export { type LabelSelector, type Labels, mostSpecific } from "./selector.ts"
export type { Data } from "./setting.ts"

/** Where the maps are. */
export const systemNamespace = "knative-serving"

const definitions = {
  autoscaler: autoscalerMap,
  defaults: defaultsMap,
  deployment: deploymentMap,
  domain: domainMap,
  features: featuresMap,
  gc: gcMap,
  leaderElection: leaderElectionMap,
  logging: loggingMap,
  network: networkMap,
  observability: observabilityMap,
  wick: wickMap,
} as const
type Definitions = typeof definitions
type Values<Name extends keyof Definitions> = Definitions[Name] extends MapDefinition<infer Read> ? Read : never

/** Every map by the part of the configuration that it is, read. */
export type Config = { readonly [Name in Exclude<keyof Definitions, "features">]: Values<Name> } & {
  readonly features: Features
}

const parts = Object.keys(definitions) as (keyof Definitions)[]
const byName = new Map<string, keyof Definitions>(parts.map((part) => [definitions[part].name, part]))

/** Names of the maps, `config-autoscaler` and so on. */
export const mapNames: readonly string[] = [...byName.keys()]

/** Maps by name, with the texts that they hold. */
export type DataByName = Readonly<Record<string, Data | undefined>>

/** The whole configuration. A map that cannot be read leaves its part as it was, so a slip of the pen takes nothing down. */
export function readConfig(data: DataByName, before?: Config): Config {
  const read = parts.map((part) => {
    const { name, schema } = definitions[part]
    const parsed = (schema as MapDefinition<unknown>["schema"]).safeParse(withoutDocumentation(data[name] ?? {}))
    if (!parsed.success) return [part, before?.[part] ?? readConfig({})[part]]
    return [part, part === "features" ? features(parsed.data as Values<"features">) : parsed.data]
  })
  return Object.fromEntries(read) as unknown as Config
}

/** What is wrong with a map of that name, in Knative's words. A map that is none of ours has no mistakes. */
export function configMistakes(name: string, data: Data): string[] {
  const part = byName.get(name)
  if (part === undefined) return []
  const parsed = (definitions[part].schema as MapDefinition<unknown>["schema"]).safeParse(withoutDocumentation(data))
  return parsed.success ? [] : parsed.error.issues.map(({ message }) => message)
}

export { exampleMistakes }

/** The documentation that every map carries: its example block, and what tells whether that was changed. */
export interface Documentation {
  readonly name: string
  readonly labels: Data
  readonly annotations: Data
  readonly data: Data
}

/** Label by which the API server knows whose mistakes to ask about. */
export const configLabels: Data = { "app.kubernetes.io/name": "knative-serving" }

/** The example of each map. */
export function documentation(): Documentation[] {
  return parts.map((part) => {
    const example = exampleOf(definitions[part] as MapDefinition<unknown>)
    const { name } = definitions[part]
    const annotations = { [checksumAnnotation]: exampleChecksum(example) }
    return { name, labels: configLabels, annotations, data: { [exampleKey]: example } }
  })
}
