import { createHash } from "node:crypto"
import type { NewOf } from "@wick/sdk/api"
import { StatusError } from "@wick/sdk/api"
import { Deployment } from "@wick/sdk/api/apps/deployment"
import { PodAutoscaler } from "@wick/sdk/api/autoscaling-internal/pod-autoscaler"
import { Image } from "@wick/sdk/api/caching-internal/image"
import type { Revision } from "@wick/sdk/api/serving/revision"
import { causeOf } from "@wick/sdk/tracing"
import { currentCondition } from "../../conditions.ts"
import { annotations } from "../../labels.ts"
import { isOwnedBy } from "../../owner.ts"
import { sameJson } from "../../same-json.ts"
import { type Context, causedBy, createChild } from "../context.ts"

/** Codes of a no that the same question will get again. */
const refusals = [400, 403, 422]

/** Makes the Deployment or brings it to what is desired. Returns the API's no, if that is the answer. */
export async function applyDeployment(
  context: Context,
  revision: Revision,
  existing: Deployment | undefined,
  desired: NewOf<typeof Deployment>,
): Promise<StatusError | undefined> {
  const hash = hashOf(desired)
  if (existing && !isOwnedBy(existing, revision)) return undefined
  if (existing?.metadata.annotations?.[annotations.deploymentHash] === hash) return undefined
  const hashed = { ...desired.metadata.annotations, [annotations.deploymentHash]: hash }
  try {
    if (existing) await context.client.update(Deployment, changed(existing, desired, hashed))
    else {
      const wanted = { ...desired, metadata: { ...desired.metadata, annotations: hashed } }
      // Its tag was resolved before, so the revision has been seen already; later it is made anew for other reasons.
      const cause = currentCondition(revision, "Ready")?.status === "True" ? undefined : causeOf(revision)
      await causedBy(context, cause, "create Deployment", revision, (options) =>
        createChild(context, Deployment, wanted, options),
      )
    }
    return undefined
  } catch (error) {
    if (error instanceof StatusError && refusals.includes(error.code)) return error
    throw error
  }
}

function changed(
  existing: Deployment,
  desired: NewOf<typeof Deployment>,
  noted: Record<string, string>,
): NewOf<typeof Deployment> {
  const { template, progressDeadlineSeconds } = desired.spec ?? {}
  const metadata = { ...existing.metadata, annotations: { ...existing.metadata.annotations, ...noted } }
  return { ...existing, metadata, spec: { ...existing.spec, template, progressDeadlineSeconds } } as NewOf<
    typeof Deployment
  >
}

/** Of what pods are made of: that a revision is scaled otherwise, or kept, is no reason to make its pods anew. */
function hashOf({ spec }: NewOf<typeof Deployment>): string {
  const { template, progressDeadlineSeconds } = spec ?? {}
  const noted = Object.entries(template?.metadata?.annotations ?? {}).filter(([name]) => !isLive(name))
  const made = { ...template, metadata: { ...template?.metadata, annotations: Object.fromEntries(noted) } }
  return createHash("sha256")
    .update(JSON.stringify([made, progressDeadlineSeconds]))
    .digest("hex")
    .slice(0, 16)
}

function isLive(annotation: string): boolean {
  return annotation.startsWith(annotations.autoscalingPrefix) || annotation === annotations.noGc
}

export async function applyPodAutoscaler(
  context: Context,
  revision: Revision,
  existing: PodAutoscaler | undefined,
  desired: NewOf<typeof PodAutoscaler>,
): Promise<void> {
  if (!existing) {
    await createChild(context, PodAutoscaler, desired)
    return
  }
  const { labels: had, annotations: noted } = existing.metadata
  const { labels: wanted, annotations: asked } = desired.metadata
  const same = sameJson(existing.spec, desired.spec) && sameJson(had, wanted) && sameJson(noted ?? {}, asked ?? {})
  if (same || !isOwnedBy(existing, revision)) return
  const metadata = { ...existing.metadata, labels: wanted, annotations: asked }
  await context.client.update(PodAutoscaler, { ...existing, metadata, spec: desired.spec } as NewOf<
    typeof PodAutoscaler
  >)
}

/** An image by digest never changes, so a cache of it is made once. */
export async function applyImages(
  context: Context,
  existing: (name: string) => Image | undefined,
  desired: readonly NewOf<typeof Image>[],
): Promise<void> {
  const missing = desired.filter(({ metadata }) => !existing(metadata.name ?? ""))
  await Promise.all(missing.map((image) => createChild(context, Image, image)))
}
