import { Agent, request } from "node:https"
import type { TLSSocket } from "node:tls"
import type { Answer } from "../call.ts"

/** No pool and no sessions: each call shakes hands, as a new client would. */
const agent = new Agent({ keepAlive: false, maxCachedSessions: 0 })

/** One request to a gateway on loopback by TLS, whose certificate `ca` must vouch for. Tells that certificate's serial number. */
export function callSecurely(port: number, host: string, ca: string): Promise<Answer & { serial: string }> {
  return new Promise((resolve, reject) => {
    const place = { host: "127.0.0.1", port, servername: host, ca, agent }
    const sent = request({ ...place, headers: { host } }, (response) => {
      const serial = (response.socket as TLSSocket).getPeerCertificate().serialNumber
      let body = ""
      response.setEncoding("utf8")
      response.on("data", (chunk) => {
        body += chunk
      })
      response.once("error", reject)
      response.once("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body, serial })
      })
    })
    sent.once("error", reject)
    sent.end()
  })
}
