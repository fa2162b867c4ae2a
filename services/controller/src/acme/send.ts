import type { IncomingHttpHeaders } from "node:http"
import { request } from "node:https"
import { getCACertificates } from "node:tls"
import { answerBytesMax, answerMsMax } from "./limits.ts"

export interface Asked {
  readonly url: string
  readonly method: "GET" | "HEAD" | "POST"
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export type Send = (asked: Asked, signal: AbortSignal) => Promise<Answered>

/** Over HTTPS alone (RFC 8555 §6.1), to servers whose certificate everybody trusts or that authority has signed. */
export function sendTrusting(authorityPem: string | undefined): Send {
  const trust = authorityPem ? { ca: [...getCACertificates("default"), authorityPem] } : {}
  return ({ url, method, headers, body }, signal) =>
    new Promise((resolve, reject) => {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(answerMsMax)])
      const asked = request(
        url,
        { ...trust, method, headers: { ...headers }, signal: limited, agent: false },
        (answer) => {
          const chunks: Buffer[] = []
          let bytes = 0
          answer.on("data", (chunk: Buffer) => {
            chunks.push(chunk)
            bytes += chunk.length
            if (bytes > answerBytesMax)
              asked.destroy(new Error(`the answer of ${url} is larger than ${answerBytesMax} bytes`))
          })
          answer.once("error", reject)
          answer.once("end", () => {
            const text = Buffer.concat(chunks).toString()
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text })
          })
        },
      )
      asked.once("error", reject)
      asked.end(body)
    })
}
