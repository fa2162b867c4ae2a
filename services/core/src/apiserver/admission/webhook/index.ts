/**
 * Admission webhooks (admissionregistration.k8s.io/v1): programs elsewhere that may change or refuse a write. Mutating
 * ones are asked one after the other, each seeing what those before it made; validating ones are asked all at once.
 * A write that no webhook is registered for costs a look at two short lists.
 */
import type { AnyObject } from "@wick/sdk/api/kind"
import { backFrom } from "../equivalent.ts"
import type { AdmissionAttributes, AdmissionStep } from "../step.ts"
import { applyVerdict } from "./apply-verdict.ts"
import { type AskOptions, ask, hearingOf } from "./ask.ts"
import { namedIn } from "./match.ts"
import { createWebhookTransport } from "./transport.ts"
import { createWebhooks, type Webhook, type WebhookOptions } from "./webhook.ts"

export type { WebhookOptions } from "./webhook.ts"

/** One step that does both: its mutations come at its place among the steps, its judgements after all mutations. */
export function createWebhookAdmission(
  options: WebhookOptions,
): AdmissionStep & { ready: Promise<void>; close(): void } {
  const webhooks = createWebhooks(options)
  const transport = createWebhookTransport(options.clock)
  const { storage, log, authorize, localServices } = options
  const asking: AskOptions = { storage, transport, log, authorize, localServices }
  return {
    name: "Webhooks",
    ready: webhooks.ready,
    mutate: (attributes) => {
      const mutating = webhooks.mutating()
      // One that wants to hear of nothing here may want to when another has changed the object, and only then.
      const isNamed = mutating.some((webhook) => namedIn(webhook, attributes))
      return isNamed ? mutate(mutating, attributes, asking) : attributes.object
    },
    validate: (attributes) => {
      const named = webhooks.validating().filter((webhook) => namedIn(webhook, attributes))
      if (named.length > 0) return validate(named, attributes, asking)
    },
    close: () => {
      webhooks.close()
      transport.close()
    },
  }
}

/**
 * A webhook that asks to be reinvoked if needed is asked once more when a later one changed the object, and only once:
 * two that undo each other's work would go on for ever.
 */
async function mutate(
  webhooks: readonly Webhook[],
  attributes: AdmissionAttributes,
  asking: AskOptions,
): Promise<AnyObject | undefined> {
  const seenBefore = new Set<Webhook>()
  const again = new Set<Webhook>()
  let { object } = attributes
  for (const round of ["first", "again"] as const) {
    for (const webhook of webhooks) {
      if (round === "again" && !again.has(webhook)) continue
      const listening = hearingOf(
        webhook,
        object === attributes.object ? attributes : { ...attributes, object },
        asking,
      )
      const hearing = listening && (await listening)
      if (!hearing) continue
      const verdict = await ask(webhook, hearing.seen, asking)
      const { object: next, changed } = applyVerdict(webhook, hearing.seen.object, verdict)
      if (changed) object = await backFrom(hearing.name, next)
      if (round === "again") continue
      if (changed) for (const earlier of seenBefore) again.add(earlier)
      if (webhook.reinvocationPolicy === "IfNeeded") seenBefore.add(webhook)
    }
  }
  return object
}

/** All at once; of several that refuse, the first in order speaks. */
async function validate(
  webhooks: readonly Webhook[],
  attributes: AdmissionAttributes,
  asking: AskOptions,
): Promise<void> {
  const answers = webhooks.map(async (webhook) => {
    const hearing = await hearingOf(webhook, attributes, asking)
    if (hearing) await ask(webhook, hearing.seen, asking)
  })
  const refused = (await Promise.allSettled(answers)).find((answer) => answer.status === "rejected")
  if (refused !== undefined) throw refused.reason
}
