import { createServer, type Server } from "node:https"
import type { AddressInfo } from "node:net"
import type { Clock } from "@wick/sdk/clock"
import { answer, type LoadOfPods } from "./answer.ts"

/** Where the API server asks for metrics, and how each knows the other. */
export interface MetricsListen {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly certificatePem: string
  readonly privateKeyPem: string
  /** Of those who may say who asks: the API server's front proxy. Nobody else is answered. */
  readonly clientAuthorityPem: string
}

export interface MetricsServer extends AsyncDisposable {
  readonly port: number
}

export async function startMetricsServer(
  listen: MetricsListen,
  loadOf: LoadOfPods,
  clock: Clock,
): Promise<MetricsServer> {
  const { host, port, certificatePem: cert, privateKeyPem: key, clientAuthorityPem: ca } = listen
  const server: Server = createServer(
    { cert, key, ca, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const url = new URL(request.url ?? "/", "https://metrics")
      const { status, body } = answer(url, loadOf, clock.now())
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
    },
  )
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
