/**
 * Serving's controllers: Service → Configuration → Revision → Deployment and PodAutoscaler; Route → traffic. They reach
 * the cluster only through a client, so they run the same on the embedded core and on any other Kubernetes. Imported by
 * the all-in-one composition and by main.ts.
 */
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import { createInformers, type Informers } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import type { Data, MapName } from "./config/config.ts"
import { ensureConfig, watchConfig } from "./config/config-source.ts"
import { startConfigurationController } from "./reconcilers/configuration/reconcile.ts"
import type { Context } from "./reconcilers/context.ts"
import { startLabeler } from "./reconcilers/labeler/reconcile.ts"
import { startRevisionController } from "./reconcilers/revision/reconcile.ts"
import { startRouteController } from "./reconcilers/route/reconcile.ts"
import { startServiceController } from "./reconcilers/service/reconcile.ts"

import { startWebhooks, type WebhookOptions } from "./webhook/index.ts"

export type { Data, MapName } from "./config/config.ts"

export interface ControllerOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  /** What configuration maps are made with when they are missing. */
  readonly configDefaults?: Readonly<Partial<Record<MapName, Data>>>
  /** Where the API server asks about objects before it stores them. */
  readonly webhook: Pick<WebhookOptions, "host" | "port" | "service">
  /** Shared with other services of the same process; own ones unless given. */
  readonly informers?: Informers
}

/** Starts every controller of serving; resolves when their configuration is there. */
export async function startController(options: ControllerOptions): Promise<AsyncDisposable> {
  const { client, clock } = options
  const log = options.log.with({ service: "controller" })
  await ensureConfig(client, options.configDefaults ?? {})
  await using undo = new AsyncDisposableStack()
  const informers = options.informers ?? undo.use(createInformers(client, clock, log))
  const config = watchConfig(informers, log)
  await config.synced
  undo.use(await startWebhooks({ client, clock, log, config: () => config.current(), ...options.webhook }))
  const context: Context = { client, informers, config, clock, log }
  undo.use(startServiceController(context))
  undo.use(startConfigurationController(context))
  undo.use(startRevisionController(context))
  undo.use(startRouteController(context))
  undo.use(startLabeler(context))
  return undo.move()
}
