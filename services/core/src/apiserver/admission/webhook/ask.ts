import { randomUUID } from "node:crypto"
import type { Namespace } from "@wick/sdk/api/core/namespace"
import type { Labels } from "@wick/sdk/api/meta/label-selector"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Log } from "@wick/sdk/log"
import type { Storage } from "#store"
import type { Authorize } from "../policy/surroundings.ts"
import type { AdmissionAttributes } from "../step.ts"
import { readCoreObject } from "../stored-object.ts"
import { conditionsAllow } from "./conditions.ts"
import { namespaceSelected, rulesName } from "./match.ts"
import { denial, readAnswer, reviewOf, type Verdict } from "./review.ts"
import { targetOf } from "./target.ts"
import type { WebhookTransport } from "./transport.ts"
import type { Webhook } from "./webhook.ts"

export interface AskOptions {
  readonly storage: Storage
  readonly transport: WebhookTransport
  readonly log: Log
  readonly authorize: Authorize
}

/** Whether a webhook wants to hear of this write. Almost always decided without waiting. */
export function isConcerned(
  webhook: Webhook,
  attributes: AdmissionAttributes,
  { storage, authorize }: AskOptions,
): boolean | Promise<boolean> {
  if (!rulesName(webhook, attributes)) return false
  const selected = namespaceSelected(webhook, attributes, (namespace) => labelsOf(storage, namespace))
  if (selected === false || !webhook.matchConditions?.length) return selected
  return Promise.resolve(selected).then((yes) => yes && conditionsAllow(webhook, attributes, authorize))
}

async function labelsOf(storage: Storage, namespace: string): Promise<Labels | undefined> {
  return (await readCoreObject<Namespace>(storage, "namespaces", "", namespace))?.metadata.labels
}

/**
 * Asks one webhook. Its no is thrown; undefined means that it could not be asked and that its policy is to do without.
 */
export async function ask(
  webhook: Webhook,
  attributes: AdmissionAttributes,
  options: AskOptions,
): Promise<Verdict | undefined> {
  if (attributes.dryRun && webhook.sideEffects !== "None" && webhook.sideEffects !== "NoneOnDryRun") {
    throw new StatusError("BadRequest", `admission webhook "${webhook.name}" does not support dry run`)
  }
  const verdict = await review(webhook, attributes, options).catch((error: unknown) => {
    if (webhook.failurePolicy === "Fail") throw failure(webhook, error)
    options.log.warn("webhook failed and is passed over", { webhook: webhook.name, error: text(error) })
    return undefined
  })
  for (const warning of verdict?.warnings ?? []) attributes.warn(warning)
  if (verdict !== undefined && !verdict.allowed) throw denial(webhook.name, verdict.status)
  return verdict
}

async function review(webhook: Webhook, attributes: AdmissionAttributes, options: AskOptions): Promise<Verdict> {
  const target = await targetOf(webhook, options.storage)
  target.url.searchParams.set("timeout", `${webhook.timeoutSeconds}s`)
  const uid = randomUUID()
  const body = JSON.stringify(reviewOf(attributes, uid))
  try {
    return readAnswer(await options.transport.post(target, body, webhook.timeoutSeconds * 1000), uid)
  } catch (error) {
    throw new Error(`failed to call webhook: Post ${JSON.stringify(target.url.href)}: ${text(error)}`)
  }
}

function failure({ name }: Webhook, error: unknown): StatusError {
  const message = `Internal error occurred: failed calling webhook ${JSON.stringify(name)}: ${text(error)}`
  return new StatusError("InternalError", message, { causes: [{ message: text(error) }] })
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
