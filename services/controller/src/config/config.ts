import * as z from "zod"

/**
 * What operators may set, one ConfigMap in the namespace `knative-serving` each. Keys and defaults are Knative's where it
 * has them. A map that is missing or a key that is not set means the default; a map that cannot be read counts as
 * missing and is logged, so a slip of the pen takes nothing down.
 */
export const systemNamespace = "knative-serving"

const flag = z.stringbool({ truthy: ["true", "enabled"], falsy: ["false", "disabled"] })
const whole = z.string().regex(/^\d+$/, "must be a whole number").transform(Number)
const seconds = z
  .string()
  .regex(/^\d+s$/, "must be whole seconds, for example 600s")
  .transform((text) => Number.parseInt(text, 10))
const names = z.string().transform((text) => text.split(",").map((name) => name.trim()))

export const maps = {
  "config-defaults": z.object({
    "revision-timeout-seconds": whole.prefault("300"),
    "max-revision-timeout-seconds": whole.prefault("600"),
    "container-concurrency": whole.prefault("0"),
    "container-concurrency-max-limit": whole.prefault("1000"),
    "allow-container-concurrency-zero": flag.prefault("true"),
    "enable-service-links": flag.prefault("false"),
    "revision-cpu-request": z.string().optional(),
    "revision-memory-request": z.string().optional(),
    "revision-cpu-limit": z.string().optional(),
    "revision-memory-limit": z.string().optional(),
  }),
  "config-deployment": z.object({
    "progress-deadline": seconds.prefault("600s"),
    "registries-skipping-tag-resolving": names.prefault("kind.local,ko.local,dev.local"),
  }),
  "config-autoscaler": z.object({
    "initial-scale": whole.prefault("1"),
    "allow-zero-initial-scale": flag.prefault("false"),
    "max-scale-limit": whole.prefault("0"),
  }),
  "config-network": z.object({
    "default-external-scheme": z.enum(["http", "https"]).default("http"),
    /** Port at which clients reach the gateway; shown in URLs unless it is the scheme's own. */
    "external-port": whole.prefault("80"),
  }),
  /** Where a pod's `preStop` asks whether its requests are answered. Without a host there is no drain hook. */
  "config-wick": z.object({
    "drain-host": z.string().optional(),
    "drain-port": whole.optional(),
  }),
  /** Domain → label selector; the first whose selector matches a route wins, an empty one matches all. */
  "config-domain": z.record(z.string(), z.string()),
} as const

export type MapName = keyof typeof maps
export type Values<Name extends MapName> = z.output<(typeof maps)[Name]>
export type Data = Readonly<Record<string, string>>

export interface Config {
  readonly defaults: Values<"config-defaults">
  readonly deployment: Values<"config-deployment">
  readonly autoscaler: Values<"config-autoscaler">
  readonly network: Values<"config-network">
  readonly wick: Values<"config-wick">
  readonly domain: Values<"config-domain">
}

/** The mistakes in a map, each with its key; keys that start with `_` are documentation. */
export function mistakesIn(name: MapName, data: Data): string[] {
  const parsed = maps[name].safeParse(settings(data))
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${name}: ${path.join(".")}: ${message}`)
}

/** The whole configuration from the maps that exist. */
export function parseConfig(byName: Readonly<Partial<Record<MapName, Data>>>): Config {
  const read = <Name extends MapName>(name: Name): Values<Name> => {
    const parsed = maps[name].safeParse(settings(byName[name] ?? {}))
    return (parsed.success ? parsed.data : maps[name].parse({})) as Values<Name>
  }
  return {
    defaults: read("config-defaults"),
    deployment: read("config-deployment"),
    autoscaler: read("config-autoscaler"),
    network: read("config-network"),
    wick: read("config-wick"),
    domain: read("config-domain"),
  }
}

function settings(data: Data): Data {
  return Object.fromEntries(Object.entries(data).filter(([key]) => !key.startsWith("_")))
}
