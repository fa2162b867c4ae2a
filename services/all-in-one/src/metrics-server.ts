import { createServer } from "node:http"
import type { Metrics } from "@wick/sdk/metrics"

export interface MetricsServerOptions {
  /** Of this process. */
  readonly metrics: Metrics
  readonly host: string
  readonly port: number
  readonly gatewayPort: number
  readonly activators: number
}

const adminPortOffset = 1_000
const timeoutMs = 2_000

/**
 * `/metrics` of the whole platform: this process's, and those of each activator with its name as the label `activator`.
 * `/healthz` says that the process answers.
 */
export async function startMetricsServer(options: MetricsServerOptions): Promise<AsyncDisposable> {
  const { metrics: own } = options
  const server = createServer((request, response) => {
    if (request.url === "/healthz") return void response.end("ok\n")
    if (request.url !== "/metrics") return void response.writeHead(404).end("metrics are at /metrics\n")
    response.setHeader("content-type", own.contentType)
    void collect(own.text(), options).then((text) => response.end(text))
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(options.port, options.host, resolve)
  })
  return {
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

async function collect(
  own: string | Promise<string>,
  { gatewayPort, activators }: MetricsServerOptions,
): Promise<string> {
  const texts = await Promise.all(
    Array.from({ length: activators }, async (_, at) => {
      const url = `http://127.0.0.1:${gatewayPort + adminPortOffset + at}/metrics`
      try {
        const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) })
        return labelled(await response.text(), `activator-${at}`)
      } catch {
        return ""
      }
    }),
  )
  return (await own) + texts.join("")
}

/** Every sample with the label `activator`; comments of families that are told already would be told twice. */
export function labelled(text: string, activator: string): string {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  const marked = lines.map((line) => {
    const [, name = "", labels = "", rest = ""] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (.*)$/.exec(line) ?? []
    return `${name}{${labels ? `${labels},` : ""}activator="${activator}"} ${rest}`
  })
  return marked.map((line) => `${line}\n`).join("")
}
