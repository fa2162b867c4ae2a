import http from "node:http"
import https from "node:https"
import { connect } from "node:net"
import type { PodContainer } from "../pod/observed.ts"

/** Outcome of one look: whether it was good, and what to tell when not. */
export interface Answer {
  readonly ok: boolean
  readonly message: string
}

export interface HttpTarget {
  readonly host: string
  readonly port: number
  readonly path: string
  readonly scheme: "HTTP" | "HTTPS"
  readonly headers: readonly { readonly name: string; readonly value: string }[]
}

const okMin = 200
const okMax = 399
/** Of an answer's body this much is told. */
const bodyCharsMax = 1_024
const userAgent = "kube-probe/1.36"

/** A GET; any status from 200 to 399 is good. Certificates are not checked: the probe asks for life, not identity. */
export function askHttp(target: HttpTarget, timeoutMs: number, signal?: AbortSignal): Promise<Answer> {
  const secure = target.scheme === "HTTPS"
  const headers: Record<string, string> = { "user-agent": userAgent, accept: "*/*", connection: "close" }
  for (const { name, value } of target.headers) headers[name.toLowerCase()] = value
  const options: https.RequestOptions = {
    host: target.host,
    port: target.port,
    path: target.path.startsWith("/") ? target.path : `/${target.path}`,
    headers,
    agent: false,
    rejectUnauthorized: false,
    ...(signal && { signal }),
  }
  return new Promise((resolve) => {
    const request = (secure ? https : http).request(options, (response) => {
      const status = response.statusCode ?? 0
      let body = ""
      response.setEncoding("utf8")
      response.on("data", (text: string) => {
        if (body.length < bodyCharsMax) body += text
      })
      const finish = (): void => {
        clearTimeout(timer)
        const ok = status >= okMin && status <= okMax
        resolve({ ok, message: ok ? body : `HTTP probe failed with statuscode: ${status}` })
      }
      response.on("end", finish)
      response.on("error", finish)
    })
    const timer = setTimeout(() => {
      request.destroy(new Error("context deadline exceeded (Client.Timeout exceeded while awaiting headers)"))
    }, timeoutMs)
    request.on("error", (error) => {
      clearTimeout(timer)
      const url = `${target.scheme.toLowerCase()}://${target.host}:${target.port}${target.path}`
      resolve({ ok: false, message: `Get "${url}": ${error.message}` })
    })
    request.end()
  })
}

/** A connection that opens is good. */
export function askTcp(host: string, port: number, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const finish = (answer: Answer): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(() => finish({ ok: false, message: `dial tcp ${host}:${port}: i/o timeout` }), timeoutMs)
    socket.once("connect", () => finish({ ok: true, message: "" }))
    socket.once("error", (error) => finish({ ok: false, message: `dial tcp ${host}:${port}: ${error.message}` }))
  })
}

/** Pure: the number of a port that is given by number or by the name it has in the container. */
export function portNumber(container: PodContainer, port: string | number): number | undefined {
  if (typeof port === "number") return port
  if (/^\d+$/.test(port)) return Number(port)
  return container.ports?.find(({ name }) => name === port)?.containerPort
}
