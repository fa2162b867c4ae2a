import { Agent as HttpAgent, request as requestHttp } from "node:http"
import { Agent as HttpsAgent, request as requestHttps } from "node:https"
import { promisify } from "node:util"
import { gzip as gzipWithCallback } from "node:zlib"
import type { Way } from "./channel.ts"
import type { OtlpEndpoint } from "./endpoint.ts"
import { type Attempt, judgeHttp } from "./judgement.ts"
import type { OtlpManner } from "./manner.ts"

const gzip = promisify(gzipWithCallback)

/** More than this of an answer is not read: it says a sentence at most. */
const answerBytesMax = 64 * 1024

/** OTLP over HTTP: one POST of protobuf per message, on a connection that is kept. */
export function httpWay({ isSecure, host, port, path }: OtlpEndpoint, manner: OtlpManner): Way {
  const options = { keepAlive: true, maxSockets: 1, ...(manner.authorityPem && { ca: manner.authorityPem }) }
  const agent = isSecure ? new HttpsAgent(options) : new HttpAgent(options)
  const send = isSecure ? requestHttps : requestHttp
  return {
    attempt: async (message, timeoutMs) => {
      const body = manner.gzip ? await gzip(message) : message
      return new Promise<Attempt>((resolve) => {
        const failed = (error: Error): void => resolve({ state: "later", afterMs: undefined, why: error.message })
        const asked = send({
          agent: agent as HttpsAgent,
          host,
          port,
          path,
          method: "POST",
          timeout: timeoutMs,
          headers: {
            ...manner.headers,
            ...(manner.gzip && { "content-encoding": "gzip" }),
            "content-type": "application/x-protobuf",
            "content-length": body.length,
            "user-agent": "OTel-OTLP-Exporter-wick",
          },
        })
        asked.on("timeout", () => asked.destroy(new Error(`no answer within ${timeoutMs} ms`)))
        asked.on("error", failed)
        asked.on("response", (answer) => {
          const chunks: Buffer[] = []
          let length = 0
          answer.on("data", (chunk: Buffer) => {
            length += chunk.length
            if (length <= answerBytesMax) chunks.push(chunk)
          })
          answer.on("error", failed)
          answer.on("end", () => {
            resolve(judgeHttp(answer.statusCode ?? 0, answer.headers["retry-after"], Buffer.concat(chunks)))
          })
        })
        asked.end(body)
      })
    },
    close: () => agent.destroy(),
  }
}
