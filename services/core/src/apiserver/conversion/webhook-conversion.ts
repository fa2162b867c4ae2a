import { randomUUID } from "node:crypto"
import type { WebhookClientConfig } from "@wick/sdk/api/admissionregistration/webhook"
import type { AnyObject } from "@wick/sdk/api/kind"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Storage } from "#store"
import { targetOf } from "../admission/webhook/target.ts"
import type { WebhookTransport } from "../admission/webhook/transport.ts"
import type { Conversion } from "../served-resource.ts"
import { conversionReview, convertedObjects, restored } from "./conversion-review.ts"

/** How long a webhook may take: a list of many objects is one question. */
const timeoutMs = 30_000

export interface ConversionWebhook {
  readonly clientConfig?: WebhookClientConfig | undefined
  readonly conversionReviewVersions: readonly string[]
}

export interface WebhookCalls {
  readonly storage: Storage
  readonly transport: WebhookTransport
}

/** Conversion by a program elsewhere: all objects in one question, and its answer is believed only where it may speak. */
export function webhookConversion(webhook: ConversionWebhook, calls: WebhookCalls): Conversion {
  return async (objects, apiVersion) => {
    const [first] = objects
    if (!first) return []
    const name = `conversion webhook for ${first.apiVersion}, Kind=${first.kind}`
    const answers = await asked(webhook, calls, objects, apiVersion).catch((error: unknown) => {
      throw failure(`${name} failed: ${(error as Error).message}`)
    })
    if (answers.length !== objects.length) {
      throw failure(`${name} returned ${answers.length} objects, expected ${objects.length}`)
    }
    return objects.map((object, index) => {
      try {
        return restored(object, answers[index], apiVersion)
      } catch (error) {
        throw failure(`${name} returned invalid converted object at index ${index}: ${(error as Error).message}`)
      }
    })
  }
}

async function asked(
  { clientConfig = {}, conversionReviewVersions }: ConversionWebhook,
  { storage, transport }: WebhookCalls,
  objects: readonly AnyObject[],
  desired: string,
): Promise<readonly unknown[]> {
  const uid = randomUUID()
  const review = conversionReview(conversionReviewVersions, { uid, desired, objects })
  if (!review) throw new Error(`webhook does not accept known ConversionReview versions (v1, v1beta1)`)
  const target = await targetOf({ clientConfig }, storage)
  target.url.searchParams.set("timeout", `${timeoutMs / 1_000}s`)
  const asking = transport.post(target, JSON.stringify(review), { timeoutMs, whenRefused: true })
  const answer = await asking.catch((error: unknown) => {
    throw new Error(`Post ${JSON.stringify(target.url.href)}: ${(error as Error).message}`)
  })
  return convertedObjects(answer, review, uid)
}

function failure(message: string): StatusError {
  return new StatusError("InternalError", message)
}
