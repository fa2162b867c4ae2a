import type { Service } from "@wick/sdk/api/core/service"
import type { Storage } from "#store"
import type { LocalServices } from "../../local-services.ts"
import { readCoreObject } from "../stored-object.ts"
import type { Webhook } from "./webhook.ts"

/** Where a webhook is, and what its certificate must say. */
export interface WebhookTarget {
  /** As messages show it, and as the request names it. */
  readonly url: URL
  /** Where to connect to, if that is not what the url says. */
  readonly address: string | undefined
  /** PEM certificates; absent: those that the host trusts. */
  readonly authorityPem: string | undefined
}

/**
 * A service is asked for by its DNS name, `<name>.<namespace>.svc`, which its certificate must carry, and reached at its
 * cluster address: the server does not depend on the cluster's DNS, which may depend on the server. One that is on this
 * host is reached there.
 */
export async function targetOf(
  { clientConfig }: Pick<Webhook, "clientConfig">,
  storage: Storage,
  local?: LocalServices,
): Promise<WebhookTarget> {
  const { url, service, caBundle } = clientConfig
  const authorityPem = caBundle ? Buffer.from(caBundle, "base64").toString("utf8") : undefined
  if (url !== undefined) return { url: httpsUrl(url), address: undefined, authorityPem }
  if (service === undefined) throw new Error("the webhook has neither a url nor a service")
  const { namespace, name, path = "/", port } = service
  const near = local?.get(`${namespace}/${name}`)
  if (near !== undefined) {
    return { url: httpsUrl(`https://${name}.${namespace}.svc:${near}${path}`), address: loopback, authorityPem }
  }
  const found = await readCoreObject<Service>(storage, "services", namespace, name)
  if (found === undefined) throw new Error(`service "${name}" not found`)
  const address = found.spec?.clusterIP
  if (!address || address === "None") throw new Error(`service "${name}" has no cluster address`)
  return { url: httpsUrl(`https://${name}.${namespace}.svc:${port}${path}`), address, authorityPem }
}

const loopback = "127.0.0.1"

function httpsUrl(text: string): URL {
  const url = new URL(text)
  if (url.protocol !== "https:") throw new Error(`the webhook's url must begin with https://, not ${url.protocol}//`)
  return url
}
