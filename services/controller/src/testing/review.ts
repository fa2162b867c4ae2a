import { readConfig } from "@wick/sdk/api/serving/config"
import { createApp } from "../webhook/index.ts"
import type { PodTrial } from "../webhook/pod-trial.ts"

export interface Verdict {
  readonly allowed: boolean
  readonly status?: { readonly message: string; readonly details?: { readonly causes: { readonly field: string }[] } }
  readonly warnings?: readonly string[]
  /** The object as the webhook leaves it. */
  readonly object: Record<string, unknown>
}

export interface Asked {
  readonly object?: object
  readonly before?: object
  readonly user?: string
  readonly operation?: string
  readonly dryRun?: boolean
  /** What the API server says of a pod that is tried; nothing against it. */
  readonly tryPod?: PodTrial
  /** The operators' maps. */
  readonly config?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export const meta = { name: "hello", namespace: "default" }
export const container = { image: "registry.test/hello" }
const latest = [{ latestRevision: true, percent: 100 }]

/** A service as a user writes it, but for its traffic, which is told. */
export function service(template: object, more: object = {}): Record<string, unknown> {
  return { metadata: meta, spec: { template, traffic: latest, ...more } }
}

/** A service of one container with these fields. */
export function serviceOf(fields: object, spec: object = {}): Record<string, unknown> {
  return service({ spec: { containers: [{ ...container, ...fields }], ...spec } })
}

/** What the webhooks say of an object at one of their paths. */
export async function review(path: string, kind: string, asked: Asked): Promise<Verdict> {
  const { object, before, user = "ada", config = {}, dryRun = false } = asked
  const operation = asked.operation ?? (before ? "UPDATE" : "CREATE")
  const group = { group: "serving.knative.dev", version: "v1", kind }
  const request = { uid: "1", operation, kind: group, object, oldObject: before, userInfo: { username: user }, dryRun }
  const app = createApp(() => readConfig(config), asked.tryPod ?? (async () => undefined))
  const response = await app.request(path, { method: "POST", body: JSON.stringify({ request }) })
  const { response: answer } = (await response.json()) as { response: Omit<Verdict, "object"> & { patch?: string } }
  const patch = answer.patch ? JSON.parse(Buffer.from(answer.patch, "base64").toString()) : []
  const changes = (patch as { path: string; value: unknown }[]).map(({ path, value }) => [path.slice(1), value])
  return { ...answer, object: { ...object, ...Object.fromEntries(changes) } }
}

/** What is refused of an object, without the words before it; empty when nothing is. */
export async function refusal(kind: string, asked: Asked): Promise<string> {
  const { status } = await review("/resource-validation", kind, asked)
  return status?.message.replace(/^validation failed: /, "") ?? ""
}

/** An object with its defaults. */
export async function defaulted(kind: string, asked: Asked): Promise<Record<string, unknown>> {
  return (await review("/defaulting", kind, asked)).object
}
