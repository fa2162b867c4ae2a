import { getCACertificates } from "node:tls"
import { Secret } from "../api/core/secret.ts"
import { isStatus } from "../api/meta/status-error.ts"
import type { Client } from "../client/index.ts"

/** Serving's own authority, which no machine trusts by itself; whoever may not read its Secret trusts what the machine does. */
const authoritySecret = { namespace: "knative-serving", name: "routing-serving-certs-ca" }

/** By whom certificates of functions are trusted, PEM. */
export async function functionAuthorities(client: Client): Promise<string[]> {
  const known = getCACertificates("default")
  try {
    const { data } = await client.get(Secret, authoritySecret)
    return data?.["ca.crt"] ? [...known, Buffer.from(data["ca.crt"], "base64").toString()] : known
  } catch (error) {
    if (isStatus(error, "NotFound", "Forbidden")) return known
    throw error
  }
}
