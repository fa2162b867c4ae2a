import type { NewOf } from "@wick/sdk/api"
import type { Configuration } from "@wick/sdk/api/serving/configuration"
import type { Revision } from "@wick/sdk/api/serving/revision"
import type { Happening } from "@wick/sdk/controller"
import { childName } from "../../child-name.ts"
import { currentCondition, isFalse, isTrue, isUnknown, type Mark, nextConditions, timestamp } from "../../conditions.ts"
import { annotations, labels } from "../../labels.ts"
import { isOwnedBy, ownedBy } from "../../owner.ts"
import { sameJson } from "../../same-json.ts"

export interface Observed {
  readonly configuration: Configuration
  /** Every revision of the configuration, and whatever else has a name that it could give. */
  readonly revisions: readonly Revision[]
  /** What the API said when the revision was to be made, if that was no. */
  readonly refusal?: string
}

export interface Decision {
  /** To be made, when this generation has none yet. */
  readonly revision: NewOf<typeof Revision> | undefined
  readonly status: NonNullable<Configuration["status"]>
  /** What users are told as Events, once the status says it. */
  readonly news: readonly Happening[]
}

const generationDigits = 5
/** Names that are tried for one generation. */
const namesMax = 9

/**
 * Names that the revision of the configuration's present generation may have: the template's own, or `<name>-00001` and,
 * where that is taken (revisions that were imported have names of another's numbering), `<name>-00001-2` and so on. Of a
 * name that is too long for that there is the beginning and a hash.
 */
export function revisionNames({ metadata, spec }: Configuration): readonly string[] {
  const chosen = spec.template.metadata?.name
  if (chosen !== undefined) return [chosen]
  const number = numberOf(metadata.generation)
  const suffixes = Array.from({ length: namesMax }, (_, at) => (at === 0 ? number : `${number}-${at + 1}`))
  return suffixes.map((suffix) => childName(metadata.name, suffix))
}

function numberOf(generation = 0): string {
  return `-${String(generation).padStart(generationDigits, "0")}`
}

/** What stands before the number where a configuration's template chooses no name for its revision. */
export function numberedName({ metadata }: Configuration): string {
  return childName(metadata.name, numberOf()).slice(0, -numberOf().length)
}

/** What stands before the number in a revision's name, if that has one. */
export function numberingName(revision: string): string | undefined {
  return /^(.+)-\d{5,}(?:-\d)?$/.exec(revision)?.[1]
}

/** Of these the one under which the revision is there, else the first that nobody has. */
function revisionName(configuration: Configuration, revisions: readonly Revision[]): string {
  const names = revisionNames(configuration)
  const named = (name: string): Revision | undefined => revisions.find(({ metadata }) => metadata.name === name)
  const own = names.find((name) => {
    const revision = named(name)
    return revision !== undefined && isOfThisTemplate(configuration, revision)
  })
  return own ?? names.find((name) => named(name) === undefined) ?? (names[0] as string)
}

/** A configuration makes one revision for each generation of its template, and is Ready when the newest of them is. */
export function decide({ configuration, revisions, refusal }: Observed, nowMs: number): Decision {
  const name = revisionName(configuration, revisions)
  const latest = revisions.find(({ metadata }) => metadata.name === name)
  const taken = latest !== undefined && !isOfThisTemplate(configuration, latest)
  const ready = latestReady(configuration, revisions, taken ? undefined : latest)
  const isMade = !taken && refusal === undefined
  const mark = isMade
    ? (deleted(configuration, ready, latest) ?? readiness(name, latest))
    : creationFailed(refusal ?? nameTaken(configuration, name))
  const status = {
    ...configuration.status,
    observedGeneration: configuration.metadata.generation,
    ...(isMade && { latestCreatedRevisionName: name }),
    ...(ready && { latestReadyRevisionName: ready }),
    conditions: nextConditions({ before: configuration.status?.conditions, dependents: { Ready: mark }, nowMs }),
  } as NonNullable<Configuration["status"]>
  return {
    revision: latest ? undefined : desiredRevision(configuration, name, nowMs),
    status,
    news: newsOf(configuration.status, status, name),
  }
}

/** A chosen name may be there from an earlier apply of the same template; any other revision of that name is foreign. */
export function isOfThisTemplate(configuration: Configuration, revision: Revision): boolean {
  const generation = revision.metadata.labels?.[labels.configurationGeneration]
  const sameGeneration = generation === String(configuration.metadata.generation)
  return isOwnedBy(revision, configuration) && (sameGeneration || sameSpec(configuration, revision))
}

function sameSpec(configuration: Configuration, revision: Revision): boolean {
  return sameJson(configuration.spec.template.spec, revision.spec)
}

function nameTaken({ metadata }: Configuration, name: string): string {
  return `revisions.serving.knative.dev "${name}" already exists and is not of this template of "${metadata.name}"`
}

function creationFailed(message: string): Mark {
  return isFalse("RevisionFailed", `Revision creation failed with message: ${sentence(message)}`)
}

/** Some who tell what went wrong end with a full stop, as the scheduler does. */
function sentence(words: string): string {
  return words.endsWith(".") ? words : `${words}.`
}

/** What traffic went to is gone, and nothing takes its place yet. */
function deleted({ status }: Configuration, ready: string | undefined, latest: Revision | undefined): Mark | undefined {
  const last = status?.latestReadyRevisionName
  const failed = latest && currentCondition(latest, "Ready")?.status === "False"
  if (!last || ready || failed || latest?.metadata.name === last) return undefined
  return isFalse("RevisionDeleted", `Revision "${last}" was deleted.`)
}

type Status = NonNullable<Configuration["status"]>

function newsOf(before: Status | undefined, after: Status, latest: string): Happening[] {
  const readyOf = (status: Status | undefined) => status?.conditions?.find(({ type }) => type === "Ready")
  const [was, is] = [before?.latestReadyRevisionName, after.latestReadyRevisionName]
  const ready = readyOf(after)
  const failed = ready?.status === "False" && ready.message !== readyOf(before)?.message
  const which = latest === is ? "ready" : "created"
  return [
    ...(is && !was ? [normal("ConfigurationReady", "Configuration becomes ready")] : []),
    ...(is && is !== was ? [normal("LatestReadyUpdate", `LatestReadyRevisionName updated to "${is}"`)] : []),
    ...(failed && ready.reason === "RevisionFailed" && after.latestCreatedRevisionName === latest
      ? [
          warning(
            `Latest${which === "ready" ? "Ready" : "Created"}Failed`,
            `Latest ${which} revision "${latest}" has failed`,
          ),
        ]
      : []),
  ]
}

function normal(reason: string, message: string): Happening {
  return { type: "Normal", reason, message }
}

function warning(reason: string, message: string): Happening {
  return { type: "Warning", reason, message }
}

function readiness(name: string, revision: Revision | undefined): Mark {
  const ready = revision && currentCondition(revision, "Ready")
  if (ready?.status === "True") return isTrue
  if (ready?.status === "False") {
    return isFalse("RevisionFailed", `Revision "${name}" failed with message: ${sentence(ready.message ?? "")}`)
  }
  return isUnknown(ready?.reason ?? "", ready?.message ?? "")
}

/**
 * The newest ready revision, which the template's own always is, whatever its number: a template may go back to a name it
 * had before, and an import may bring a revision with this generation's number. Never an older one than was named
 * before, unless that one is gone.
 */
function latestReady(
  configuration: Configuration,
  revisions: readonly Revision[],
  own: Revision | undefined,
): string | undefined {
  const isReady = (revision: Revision): boolean => currentCondition(revision, "Ready")?.status === "True"
  if (own && isReady(own)) return own.metadata.name
  const known = revisions.find(({ metadata }) => metadata.name === configuration.status?.latestReadyRevisionName)
  const generation = ({ metadata }: Revision): number => Number(metadata.labels?.[labels.configurationGeneration] ?? 0)
  const candidates = revisions.filter((revision) => isOwnedBy(revision, configuration) && isReady(revision))
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
