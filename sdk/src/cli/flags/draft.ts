import { isDeepStrictEqual } from "node:util"
import type { NewOf } from "../../api/kind.ts"
import type { RevisionContainer, RevisionSpec } from "../../api/serving/revision-spec.ts"
import type { Service } from "../../api/serving/service.ts"
import type { TrafficTarget } from "../../api/serving/traffic.ts"
import type { Random } from "../../clock/index.ts"
import type { Change } from "./flag.ts"

export type NewService = NewOf<typeof Service>

/** What is known beside the service and the flags. */
export interface Facts {
  readonly random: Random
  /** The image that the newest revision runs, by digest. */
  readonly runningImage?: string | undefined
}

/** A service as flags see it: every place that one of them may touch is there. */
export interface Draft {
  readonly name: string
  /** Of the service once this is written. */
  readonly generation: number
  readonly random: Random
  readonly service: Maps
  readonly template: Maps
  readonly spec: RevisionSpec
  /** The one that has the port. */
  readonly container: RevisionContainer
  traffic: TrafficTarget[]
  revisionName: string | undefined
  imageGiven: boolean
  /** Whether the image is to stay as it runs; undefined: as it was decided before. */
  lockToDigest: boolean | undefined
}

interface Maps {
  labels: Record<string, string>
  annotations: Record<string, string>
}

/** Which image its author meant, where the service itself names a digest: kn reads and writes the same. */
const userImage = "client.knative.dev/user-image"

/**
 * The service after changes, on top of the one that is there: what no change mentions stays. Pure, so that a dry run
 * shows exactly what would be sent.
 */
export function changedService(
  { name, namespace }: { readonly name: string; readonly namespace: string },
  existing: NewService | undefined,
  changes: readonly Change[],
  facts: Facts,
): NewService {
  const draft = draftOf(name, existing, facts.random)
  for (const change of changes) change(draft)
  holdImage(draft, facts.runningImage)
  const { resourceVersion, finalizers, ownerReferences } = existing?.metadata ?? {}
  return {
    apiVersion: "serving.knative.dev/v1",
    kind: "Service",
    metadata: {
      name,
      namespace,
      ...(resourceVersion && { resourceVersion }),
      ...(finalizers && { finalizers }),
      ...(ownerReferences && { ownerReferences }),
      ...filled(draft.service),
    },
    spec: { ...existing?.spec, template: templateOf(draft, existing), traffic: draft.traffic },
  } as NewService
}

function draftOf(name: string, existing: NewService | undefined, random: Random): Draft {
  const { spec, metadata } = structuredClone({ spec: existing?.spec, metadata: existing?.metadata })
  const podSpec: RevisionSpec = spec?.template?.spec ?? ({ containers: [] } as RevisionSpec)
  const containers = podSpec.containers as RevisionContainer[]
  if (containers.length === 0) containers.push({ name: "user-container" } as RevisionContainer)
  return {
    name,
    generation: (metadata?.generation ?? 0) + 1,
    random,
    service: mapsOf(metadata),
    template: mapsOf(spec?.template?.metadata),
    spec: podSpec,
    container: containers.find(({ ports }) => ports?.length) ?? (containers[0] as RevisionContainer),
    traffic: (spec?.traffic ?? [{ latestRevision: true, percent: 100 }]) as TrafficTarget[],
    revisionName: undefined,
    imageGiven: false,
    lockToDigest: undefined,
  }
}

function mapsOf(metadata: Partial<{ [Field in keyof Maps]: Maps[Field] | undefined }> | undefined): Maps {
  return { labels: { ...metadata?.labels }, annotations: { ...metadata?.annotations } }
}

/** Empty maps are left out, as who writes by hand leaves them out. */
function filled(maps: Maps): Partial<Maps> {
  return Object.fromEntries(Object.entries(maps).filter(([, map]) => Object.keys(map).length > 0))
}

/** A name that was chosen for one revision is that one's own: what differs gets another, or the server's. */
function templateOf({ spec, template, revisionName }: Draft, existing: NewService | undefined): object {
  const before = existing?.spec?.template
  const { name: former, labels: _, annotations: __, ...others } = before?.metadata ?? {}
  const same = isDeepStrictEqual(
    { maps: filled(template), spec },
    { maps: filled(mapsOf(before?.metadata)), spec: before?.spec },
  )
  const name = revisionName ?? (same ? former : undefined)
  const metadata = { ...others, ...filled(template), ...(name && { name }) }
  return { ...(Object.keys(metadata).length > 0 && { metadata }), spec }
}

/** Keeps the image at the digest that runs, and notes which one was meant; or forgets both. */
function holdImage({ container, template, lockToDigest, imageGiven }: Draft, runningImage: string | undefined): void {
  const meant = template.annotations[userImage]
  if (lockToDigest ?? meant !== undefined) {
    if (container.image && !container.image.includes("@")) template.annotations[userImage] = container.image
    if (!imageGiven && runningImage) container.image = runningImage
  } else if (lockToDigest === false && meant !== undefined) {
    delete template.annotations[userImage]
    if (!imageGiven) container.image = meant
  }
}

/** Whether the image of a service is held at a digest, so that it is worth asking which one runs. */
export function holdsImage(service: NewService): boolean {
  return service.spec?.template?.metadata?.annotations?.[userImage] !== undefined
}
