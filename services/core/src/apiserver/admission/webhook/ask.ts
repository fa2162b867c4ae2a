import { randomUUID } from "node:crypto"
import type { Namespace } from "@wick/sdk/api/core/namespace"
import type { Labels } from "@wick/sdk/api/meta/label-selector"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Log } from "@wick/sdk/log"
import type { Storage } from "#store"
import type { LocalServices } from "../../local-services.ts"
import { underName } from "../equivalent.ts"
import type { Authorize } from "../policy/surroundings.ts"
import type { AdmissionAttributes, ResourceName } from "../step.ts"
import { readCoreObject } from "../stored-object.ts"
import { conditionsAllow } from "./conditions.ts"
import { namedIn, namespaceSelected } from "./match.ts"
import { denial, readAnswer, reviewOf, type Verdict } from "./review.ts"
import { targetOf } from "./target.ts"
import type { WebhookTransport } from "./transport.ts"
import type { Webhook } from "./webhook.ts"

export interface AskOptions {
  readonly storage: Storage
  readonly transport: WebhookTransport
  readonly log: Log
  readonly authorize: Authorize
  readonly localServices?: LocalServices | undefined
}

/** A write as a webhook wants to hear of it. */
export interface Hearing {
  readonly name: ResourceName
  readonly seen: AdmissionAttributes
}

/** Undefined for a webhook that does not want to hear of this write. Almost always decided without waiting. */
export function hearingOf(
  webhook: Webhook,
  attributes: AdmissionAttributes,
  options: AskOptions,
): Promise<Hearing | undefined> | undefined {
  const name = namedIn(webhook, attributes)
  return name && heard(webhook, attributes, name, options)
}

async function heard(
  webhook: Webhook,
  attributes: AdmissionAttributes,
  name: ResourceName,
  { storage, authorize }: AskOptions,
): Promise<Hearing | undefined> {
  if (!(await namespaceSelected(webhook, attributes, (namespace) => labelsOf(storage, namespace)))) return undefined
  const seen = await underName(attributes, name)
  return (await conditionsAllow(webhook, seen, authorize)) ? { name, seen } : undefined
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
  for (const [key, value] of Object.entries(verdict?.annotations ?? {})) {
    attributes.annotate?.(`${webhook.name}/${key}`, value)
  }
  if (verdict !== undefined && !verdict.allowed) throw denial(webhook.name, verdict.status)
  return verdict
}

async function review(webhook: Webhook, attributes: AdmissionAttributes, options: AskOptions): Promise<Verdict> {
  const target = await targetOf(webhook, options.storage, options.localServices)
  target.url.searchParams.set("timeout", `${webhook.timeoutSeconds}s`)
  const uid = randomUUID()
  const body = JSON.stringify(reviewOf(attributes, uid))
  try {
    // Where the policy is to do without, waiting would cost every write while the webhook is away.
    const patience = { timeoutMs: webhook.timeoutSeconds * 1000, whenRefused: webhook.failurePolicy === "Fail" }
    return readAnswer(await options.transport.post(target, body, patience), uid)
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
