import { isStatus } from "@wick/sdk/api"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { Namespace } from "@wick/sdk/api/core/namespace"
import type { Client } from "@wick/sdk/client"
import { type Informers, subject } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import { type Config, type Data, type MapName, maps, mistakesIn, parseConfig, systemNamespace } from "./config.ts"

/** The operators' configuration, live. */
export interface ConfigSource {
  readonly synced: Promise<void>
  current(): Config
  /** Called after every change; returns its undoing. */
  onChange(listener: () => void): () => void
}

/** With a log: what is wrong in the maps is told there. */
export function watchConfig(informers: Informers, log?: Log): ConfigSource {
  const informer = informers(ConfigMap, { namespace: systemNamespace })
  let config = parseConfig({})
  const isOurs = (name: string): name is MapName => name in maps
  const reload = (): void => {
    const found = informer.list(systemNamespace).filter(({ metadata }) => isOurs(metadata.name))
    config = parseConfig(Object.fromEntries(found.map(({ metadata, data }) => [metadata.name, data ?? {}])))
  }
  const complain = (name: string, data: Data): void => {
    const mistakes = isOurs(name) ? mistakesIn(name, data) : []
    for (const mistake of mistakes) log?.warn("configuration is not readable; its defaults hold", { mistake })
  }
  informer.onChange((change) => {
    const { metadata, data } = subject(change)
    complain(metadata.name, change.after ? (data ?? {}) : {})
    reload()
  })
  return {
    synced: informer.synced,
    current: () => config,
    onChange: (listener) => informer.onChange(listener),
  }
}

/** Makes the system namespace and every map that is missing, so that `kubectl edit` finds what can be set. */
export async function ensureConfig(client: Client, defaults: Readonly<Partial<Record<MapName, Data>>>): Promise<void> {
  await ensure(() => client.create(Namespace, { metadata: { name: systemNamespace } }))
  await Promise.all(
    (Object.keys(maps) as MapName[]).map((name) =>
      ensure(() =>
        client.create(ConfigMap, { metadata: { name, namespace: systemNamespace }, data: { ...defaults[name] } }),
      ),
    ),
  )
}

async function ensure(create: () => Promise<unknown>): Promise<void> {
  try {
    await create()
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error
  }
}
