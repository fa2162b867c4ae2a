import { Agent, request } from "node:https"
import { Readable } from "node:stream"
import type { Pki } from "#pki"
import type { OtherRegistry } from "#registry"
import type { Cluster } from "#store"
import { imagesPath } from "./membership/index.ts"

/** How a host shows the others that it is one of them. */
const self = { file: "image-reader", name: "system:wick-image-reader", groups: ["system:masters"] }
/** Parts of images that are fetched from one host at the same time; a layer may be large. */
const connectionsMax = 8
/** A host from which nothing comes for so long in the middle of an answer is gone. */
const silentMsMax = 10_000

/** The registries of the cluster's other hosts, behind the API server of each. */
export async function otherImages(
  pki: Pick<Pki, "authorityPem" | "client">,
  cluster: Pick<Cluster, "self" | "members">,
): Promise<(() => readonly OtherRegistry[]) & Disposable> {
  const { certificatePem: cert, privateKeyPem: key } = await pki.client(self.file, self.name, self.groups)
  const agent = new Agent({
    keepAlive: true,
    maxSockets: connectionsMax,
    maxFreeSockets: 1,
    ca: pki.authorityPem,
    cert,
    key,
  })
  const ask = (base: string): OtherRegistry["ask"] => {
    return (path, { method, signal }) =>
      new Promise((resolve, reject) => {
        const outgoing = request(`${base}${imagesPath}${path}`, { agent, method }, (answer) => {
          signal.removeEventListener("abort", give)
          const { statusCode: status = 502, headers } = answer
          const kept = Object.entries(headers).flatMap(([name, value]) =>
            value === undefined ? [] : [[name, String(value)]],
          )
          const body = method === "HEAD" ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array<ArrayBuffer>>)
          if (method === "HEAD") answer.resume()
          resolve(new Response(body, { status, headers: kept as [string, string][] }))
        })
        const give = (): void => void outgoing.destroy(new Error("no answer in time"))
        signal.addEventListener("abort", give, { once: true })
        outgoing.setTimeout(silentMsMax, () => outgoing.destroy(new Error(`nothing came for ${silentMsMax / 1000} s`)))
        outgoing.once("error", reject)
        outgoing.end()
      })
  }
  const list = (): readonly OtherRegistry[] =>
    cluster
      .members()
      .flatMap(({ id, name, clientUrls: [url] }) =>
        id === cluster.self || url === undefined ? [] : [{ name, ask: ask(url) }],
      )
  return Object.assign(list, { [Symbol.dispose]: () => agent.destroy() })
}
