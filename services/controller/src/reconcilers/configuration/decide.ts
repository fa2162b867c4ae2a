import type { NewOf } from "@wick/sdk/api"
import type { Configuration } from "@wick/sdk/api/serving/configuration"
import type { Revision } from "@wick/sdk/api/serving/revision"
import { currentCondition, isFalse, isTrue, isUnknown, type Mark, nextConditions, timestamp } from "../../conditions.ts"
import { annotations, labels } from "../../labels.ts"
import { isOwnedBy, ownedBy } from "../../owner.ts"
import { sameJson } from "../../same-json.ts"

export interface Observed {
  readonly configuration: Configuration
  /** Every revision of the configuration, and the one that has the name that its template asks for. */
  readonly revisions: readonly Revision[]
}

export interface Decision {
  /** To be made, when this generation has none yet. */
  readonly revision: NewOf<typeof Revision> | undefined
  readonly status: NonNullable<Configuration["status"]>
}

const generationDigits = 5

/** Name of the revision of the configuration's present generation: `<name>-00001`, or the template's own. */
export function revisionName(configuration: Configuration): string {
  const chosen = configuration.spec.template.metadata?.name
  const generation = String(configuration.metadata.generation ?? 0).padStart(generationDigits, "0")
  return chosen ?? `${configuration.metadata.name}-${generation}`
}

/** A configuration makes one revision for each generation of its template, and is Ready when the newest of them is. */
export function decide({ configuration, revisions }: Observed, nowMs: number): Decision {
  const name = revisionName(configuration)
  const latest = revisions.find(({ metadata }) => metadata.name === name)
  const taken = latest !== undefined && !isOfThisTemplate(configuration, latest)
  const ready = latestReady(configuration, revisions)
  return {
    revision: latest ? undefined : desiredRevision(configuration, name, nowMs),
    status: {
      ...configuration.status,
      observedGeneration: configuration.metadata.generation,
      ...(!taken && { latestCreatedRevisionName: name }),
      ...(ready && { latestReadyRevisionName: ready }),
      conditions: nextConditions({
        before: configuration.status?.conditions,
        dependents: { Ready: taken ? nameTaken(configuration, name) : readiness(name, latest) },
        nowMs,
      }),
    } as NonNullable<Configuration["status"]>,
  }
}

/** A chosen name may be there from an earlier apply of the same template; any other revision of that name is foreign. */
function isOfThisTemplate(configuration: Configuration, revision: Revision): boolean {
  const generation = revision.metadata.labels?.[labels.configurationGeneration]
  const sameGeneration = generation === String(configuration.metadata.generation)
  return isOwnedBy(revision, configuration) && (sameGeneration || sameSpec(configuration, revision))
}

function sameSpec(configuration: Configuration, revision: Revision): boolean {
  return sameJson(configuration.spec.template.spec, revision.spec)
}

function nameTaken({ metadata }: Configuration, name: string): Mark {
  return isFalse(
    "RevisionFailed",
    `Revision creation failed with message: revisions.serving.knative.dev "${name}" already exists and is not of this template of "${metadata.name}".`,
  )
}

function readiness(name: string, revision: Revision | undefined): Mark {
  const ready = revision && currentCondition(revision, "Ready")
  if (ready?.status === "True") return isTrue
  if (ready?.status === "False") {
    return isFalse("RevisionFailed", `Revision "${name}" failed with message: ${ready.message ?? ""}.`)
  }
  return isUnknown(ready?.reason ?? "", ready?.message ?? "")
}

/** The newest ready revision; never an older one than was named before, unless that one is gone. */
function latestReady(configuration: Configuration, revisions: readonly Revision[]): string | undefined {
  const known = revisions.find(({ metadata }) => metadata.name === configuration.status?.latestReadyRevisionName)
  const generation = ({ metadata }: Revision): number => Number(metadata.labels?.[labels.configurationGeneration] ?? 0)
  const candidates = revisions.filter(
    (revision) => isOwnedBy(revision, configuration) && currentCondition(revision, "Ready")?.status === "True",
  )
  const newest = candidates.toSorted((a, b) => generation(b) - generation(a))[0]
  if (known && (!newest || generation(known) > generation(newest))) return known.metadata.name
  return newest?.metadata.name
}

function desiredRevision(configuration: Configuration, name: string, nowMs: number): NewOf<typeof Revision> {
  const { metadata, spec } = configuration.spec.template
  const own = configuration.metadata
  const creator = own.annotations?.[annotations.lastModifier] ?? own.annotations?.[annotations.creator]
  const inherited = [labels.service, labels.serviceUid].flatMap((label) => {
    const value = own.labels?.[label]
    return value ? [[label, value]] : []
  })
  return {
    metadata: {
      name,
      namespace: own.namespace,
      labels: {
        ...metadata?.labels,
        ...Object.fromEntries(inherited),
        [labels.configuration]: own.name,
        [labels.configurationUid]: own.uid,
        [labels.configurationGeneration]: String(own.generation),
        [labels.routingState]: "pending",
      },
      annotations: {
        ...metadata?.annotations,
        ...(creator && { [annotations.creator]: creator }),
        [annotations.routingStateModified]: timestamp(nowMs),
      },
      ownerReferences: [ownedBy(configuration)],
    },
    spec,
  } as NewOf<typeof Revision>
}
