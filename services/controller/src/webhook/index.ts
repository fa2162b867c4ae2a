/**
 * Admission webhooks of serving: what a user leaves open is filled in, and what is wrong is refused with every mistake at
 * once. The same on any Kubernetes; the API server asks over HTTPS. Rules are pure; this door is the rim.
 */
import { createServer, type Server } from "node:https"
import type { AddressInfo } from "node:net"
import { getRequestListener } from "@hono/node-server"
import { type Config, systemNamespace } from "@wick/sdk/api/serving/config"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import { Hono } from "hono"
import { allow, deny, judge, type ReviewRequest, readReview } from "./admission-review.ts"
import { type WebhookCertificate, webhookCertificate } from "./certificate.ts"
import { configRefusal } from "./config-validation.ts"
import { withDefaults } from "./defaults/defaults.ts"
import { type Handling, handlerMetrics } from "./handler-metrics.ts"
import { type PodTrial, podTrial, trialRefusal, triedPod } from "./pod-trial.ts"
import { configPath, defaultingPath, register, validationPath, type WebhookAddress } from "./registration.ts"
import { mistakesIn } from "./validation/validation.ts"

export interface WebhookOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  /** Where it is told how long questions take; nowhere unless given. */
  readonly metrics?: Metrics | undefined
  readonly config: () => Config
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** How the API server reaches us in a cluster; absent: by URL at `host` and `port`. */
  readonly service?: { readonly namespace: string; readonly name: string; readonly port: number }
  /** Absent: the one in the cluster's Secret, made if it is not there. */
  readonly certificate?: WebhookCertificate
  /** Told of the port before the API server is told to ask there. */
  readonly onListening?: (port: number) => void
}

/** Listens, and resolves when the API server will ask. */
export async function startWebhooks(options: WebhookOptions): Promise<AsyncDisposable & { readonly port: number }> {
  const { client, clock, host, service, log } = options
  const names = service ? [`${service.name}.${service.namespace}.svc`] : [host]
  const { certificatePem, keyPem, authorityPem } =
    options.certificate ?? (await webhookCertificate(client, systemNamespace, names, clock.now()))
  const app = createApp(options.config, podTrial(client), handlerMetrics(options.metrics, clock))
  const server = createServer({ cert: certificatePem, key: keyPem }, getRequestListener(app.fetch))
  const port = await listen(server, host, options.port)
  options.onListening?.(port)
  const address: WebhookAddress = service
    ? { kind: "service", ...service }
    : { kind: "url", url: `https://${host}:${port}` }
  await register(client, address, authorityPem)
  log.info("webhooks are registered", { port })
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

/** The endpoints, as a `fetch` without a socket. */
export function createApp(config: () => Config, tryPod: PodTrial, handling: Handling = (_, __, work) => work()): Hono {
  const app = new Hono()
  const answer = (path: string, decide: (request: ReviewRequest) => object | Promise<object>): void => {
    app.post(path, async (context) => {
      const request = readReview(await context.req.json())
      if (request === undefined) return context.text("no AdmissionReview", 400)
      const type = path === defaultingPath ? "defaulting" : "validation"
      return context.json(await handling(request, type, () => decide(request)))
    })
  }
  answer(defaultingPath, (request) => allow(request, withDefaults(request, config())))
  answer(validationPath, async (request) => {
    const mistakes = mistakesIn(request, config())
    const pod = mistakes.every(({ level }) => level === "warning") ? triedPod(request, config()) : undefined
    const reason = pod && (await tryPod(pod))
    return reason === undefined ? judge(request, mistakes) : deny(request, trialRefusal(reason))
  })
  answer(configPath, (request) => {
    const refusal = configRefusal(request)
    return refusal === undefined ? allow(request) : deny(request, refusal)
  })
  app.get("/healthz", (context) => context.text("ok"))
  return app
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}
