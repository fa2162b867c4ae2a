import type { NewOf } from "@wick/sdk/api"
import { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import { type Context, createChild } from "../context.ts"

/** Makes a Certificate, or brings one that is there to this. */
export async function putCertificate(context: Context, certificate: NewOf<typeof Certificate>): Promise<void> {
  if (certificate.metadata.resourceVersion === undefined) await createChild(context, Certificate, certificate)
  else await context.client.update(Certificate, certificate)
}
