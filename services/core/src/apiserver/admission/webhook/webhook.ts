import type { MutatingWebhook } from "@wick/sdk/api/admissionregistration/mutating-webhook-configuration"
import type { ValidatingWebhook } from "@wick/sdk/api/admissionregistration/validating-webhook-configuration"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { Storage } from "#store"
import type { LocalServices } from "../../local-services.ts"
import { createMirror, decodeJson, type Mirror } from "../../mirror.ts"
import type { Authorize } from "../policy/surroundings.ts"

export type Webhook = ValidatingWebhook & Partial<Pick<MutatingWebhook, "reinvocationPolicy">>

/** What calling webhooks takes. */
export interface WebhookOptions {
  readonly storage: Storage
  readonly clock: Clock
  readonly log: Log
  /** Answers what conditions ask of `authorizer`. */
  readonly authorize: Authorize
  /** Webhooks of this very host. */
  readonly localServices?: LocalServices | undefined
}

export interface Webhooks {
  /** Resolves when the registrations have been read: a write before that would pass by them. */
  readonly ready: Promise<void>
  /** In the order in which they are asked: by name of their configuration, then as they are written there. */
  mutating(): readonly Webhook[]
  validating(): readonly Webhook[]
  close(): void
}

interface Configuration {
  readonly metadata: { readonly name: string }
  readonly webhooks?: readonly Webhook[]
}

/** All webhooks that are registered now. */
export function createWebhooks({ storage, clock }: WebhookOptions): Webhooks {
  const prefix = "/registry/admissionregistration.k8s.io/"
  const mirror = createMirror<Configuration>({ storage, prefix, decode: decodeJson, clock })
  return {
    ready: mirror.ready,
    mutating: listOf(mirror, "mutatingwebhookconfigurations/"),
    validating: listOf(mirror, "validatingwebhookconfigurations/"),
    close: () => mirror.close(),
  }
}

/** The list is put together once per change: it is asked for on every write. */
function listOf(mirror: Mirror<Configuration>, prefix: string): () => readonly Webhook[] {
  let made: { readonly generation: number; readonly webhooks: readonly Webhook[] } | undefined
  return () => {
    if (made?.generation === mirror.generation) return made.webhooks
    const webhooks = [...mirror.entries()]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, configuration]) => configuration.webhooks ?? [])
    made = { generation: mirror.generation, webhooks }
    return webhooks
  }
}
