import { Secret } from "@wick/sdk/api/core/secret"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { systemNamespace } from "@wick/sdk/api/serving/config"
import type { Client } from "@wick/sdk/client"
import * as z from "zod"

/**
 * What is known of an order, so that whoever leads next goes on with it:
 *
 *     placing ──the authority has made it──▶ open ──issued──▶ (forgotten)
 *        ▲                                    │ failed
 *        └────────────── rested ── resting ◀──┘
 */
const OrderState = z.object({
  directory: z.string(),
  domains: z.array(z.string()),
  /** Of the certificate that is to be, PEM. */
  keyPem: z.string(),
  startedAtMs: z.number(),
  /** Where it is at the authority; absent while it is being placed or rests. */
  url: z.string().optional(),
  failures: z.number(),
  rest: z.object({ untilMs: z.number(), message: z.string() }).optional(),
})
export type OrderState = z.output<typeof OrderState>

export interface Entry {
  readonly state: OrderState
  readonly secret: Secret
}

const label = "networking.internal.knative.dev/acme-order"
const field = "order.json"

/** Orders under way, one Secret each in serving's own namespace: keys of certificates are in them. */
export class OrderBook {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  /** Nothing for one that cannot be read either: an order can always be placed anew. */
  async read(uid: string): Promise<Entry | { readonly secret: Secret | undefined; readonly state?: undefined }> {
    const secret = await this.#client.get(Secret, place(uid)).catch(unlessGone)
    const text = Buffer.from(secret?.data?.[field] ?? "", "base64").toString()
    const read = OrderState.safeParse(text === "" ? undefined : JSON.parse(text))
    return read.success && secret ? { state: read.data, secret } : { secret }
  }

  /** Throws when somebody else has written since it was read: two leaders cannot both go on. */
  async write(uid: string, before: Secret | undefined, state: OrderState): Promise<Entry> {
    const data = { [field]: Buffer.from(JSON.stringify(state)).toString("base64") }
    const metadata = { ...place(uid), labels: { [label]: uid } }
    const secret = await (before
      ? this.#client.update(Secret, { ...before, data })
      : this.#client.create(Secret, { metadata, data }))
    return { state, secret }
  }

  async remove(uid: string): Promise<void> {
    await this.#client.delete(Secret, place(uid)).catch(unlessGone)
  }

  /** Removes orders whose Certificate went while nobody looked. */
  async keepOnly(wanted: ReadonlySet<string>): Promise<void> {
    const { items } = await this.#client.list(Secret, { namespace: systemNamespace, labelSelector: label })
    const uids = items.map(({ metadata }) => metadata.labels?.[label] ?? "")
    await Promise.all(uids.filter((uid) => uid !== "" && !wanted.has(uid)).map((uid) => this.remove(uid)))
  }
}

function place(uid: string): { name: string; namespace: string } {
  return { name: `acme-order-${uid}`, namespace: systemNamespace }
}

function unlessGone(error: unknown): undefined {
  if (!isStatus(error, "NotFound")) throw error
  return undefined
}
