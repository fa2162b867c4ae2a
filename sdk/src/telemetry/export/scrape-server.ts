import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import type { Metrics } from "../metrics.ts"
import type { Outlet, Place } from "./metrics-export.ts"

/** `/metrics` for Prometheus, and nothing else. */
export async function startScrapeServer(
  { host, port }: Place,
  metrics: Pick<Metrics, "text" | "contentType">,
): Promise<Outlet> {
  const server = createServer((request, response) => {
    if (request.url?.split("?")[0] !== "/metrics") {
      response.writeHead(404).end("metrics are at /metrics\n")
      return
    }
    metrics.text().then(
      (text) => response.setHeader("content-type", metrics.contentType).end(text),
      (error: Error) => response.writeHead(500).end(`${error.message}\n`),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, host, resolve)
  })
  return {
    place: { host, port: (server.address() as AddressInfo).port },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
