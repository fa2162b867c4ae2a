import type { NewOf } from "@wick/sdk/api"
import { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import { type Context, createChild } from "../context.ts"

/** Makes an Ingress, or brings one that is there to this. */
export async function putIngress(context: Context, ingress: NewOf<typeof Ingress>): Promise<void> {
  if (ingress.metadata.resourceVersion === undefined) await createChild(context, Ingress, ingress)
  else await context.client.update(Ingress, ingress)
}
