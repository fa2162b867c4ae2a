import { once } from "node:events"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { json } from "node:stream/consumers"
import type { WebhookHost } from "./cluster.ts"

/** Answers a review with the review that holds its `response`; what is thrown becomes an answer of 500. */
// biome-ignore lint/suspicious/noExplicitAny: reviews of several kinds, read by the case that asked for them.
export type Answering = (review: any, path: string) => object

/** A webhook that is up, and how a configuration names it. */
export interface Webhook extends AsyncDisposable {
  clientConfig(path: string): { url: string; caBundle: string }
}

export async function startWebhook(host: WebhookHost, answer: Answering): Promise<Webhook> {
  const server = createServer({ cert: host.certificate, key: host.key }, async (request, response) => {
    try {
      const review = await json(request)
      const text = JSON.stringify(answer(review, request.url ?? "/"))
      response.writeHead(200, { "content-type": "application/json" }).end(text)
    } catch (error) {
      response.writeHead(500, { "content-type": "text/plain" }).end(String(error))
    }
  })
  server.listen(0)
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  const name = host.host.includes(":") ? `[${host.host}]` : host.host
  return {
    clientConfig: (path) => ({
      url: `https://${name}:${port}${path}`,
      caBundle: Buffer.from(host.authority).toString("base64"),
    }),
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, "close").catch(() => {})
    },
  }
}
