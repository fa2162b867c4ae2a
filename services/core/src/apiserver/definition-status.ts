import type { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import type { KindOf } from "@wick/sdk/api/kind"

type Definition = KindOf<typeof CustomResourceDefinition>
type Status = NonNullable<Definition["status"]>
type Condition = NonNullable<Status["conditions"]>[number]
export type Names = Definition["spec"]["names"]

/** Names that others have in the same group: of resources (plural, singular, short) and of kinds (with those of lists). */
export interface NamesInUse {
  readonly resources: ReadonlySet<string>
  readonly kinds: ReadonlySet<string>
}

interface NamesOfOther {
  readonly plural?: string | undefined
  readonly singular?: string | undefined
  readonly shortNames?: readonly string[] | undefined
  readonly kind?: string | undefined
  readonly listKind?: string | undefined
}

export function namesInUse(all: Iterable<NamesOfOther>): NamesInUse {
  const resources = new Set<string>()
  const kinds = new Set<string>()
  for (const { plural, singular, shortNames = [], kind, listKind } of all) {
    for (const name of [plural, singular, ...shortNames]) if (name) resources.add(name)
    for (const name of [kind, listKind]) if (name) kinds.add(name)
  }
  return { resources, kinds }
}

/**
 * Where a definition stands: whoever was first keeps a name, and who comes later is not served until it is free. What
 * has been served once stays so, under the names that it has.
 */
export function standing(definition: Definition, inUse: NamesInUse, now: string): Status & { acceptedNames: Names } {
  const { names } = definition.spec
  const { status, metadata } = definition
  const { accepted, conflict } = acceptNames(names, status?.acceptedNames, inUse)
  const known = status?.conditions ?? []
  const wasEstablished = known.some(({ type, status }) => type === "Established" && status === "True")
  let conditions = withCondition(known, now, {
    type: "NamesAccepted",
    ...(conflict
      ? { status: "False", ...conflict }
      : { status: "True", reason: "NoConflicts", message: "no conflicts found" }),
  })
  if (!wasEstablished) {
    conditions = withCondition(conditions, now, {
      type: "Established",
      ...(conflict
        ? { status: "False", reason: "NotAccepted", message: "not all names are accepted" }
        : { status: "True", reason: "InitialNamesAccepted", message: "the initial names have been accepted" }),
    })
  }
  if (metadata.deletionTimestamp !== undefined) {
    conditions = withCondition(conditions, now, {
      type: "Terminating",
      status: "True",
      reason: "InstanceDeletionInProgress",
      message: "CustomResource deletion is in progress",
    })
  }
  return { ...status, acceptedNames: accepted, conditions }
}

export function isEstablished({ conditions = [] }: Status): boolean {
  return conditions.some(({ type, status }) => type === "Established" && status === "True")
}

interface Conflict {
  readonly reason: string
  readonly message: string
}

function acceptNames(
  wanted: Names,
  before: Names | undefined,
  inUse: NamesInUse,
): { accepted: Names; conflict: Conflict | undefined } {
  const accepted: Names = { ...(before ?? { plural: "", kind: "" }) }
  let conflict: Conflict | undefined
  const isFree = (name: string, had: string | undefined, used: ReadonlySet<string>): boolean =>
    name === had || !used.has(name)
  const clash = (reason: string, taken: readonly string[]): void => {
    const texts = taken.map((name) => `${JSON.stringify(name)} is already in use`)
    conflict = { reason, message: texts.length > 1 ? `[${texts.join(", ")}]` : (texts[0] ?? "") }
  }
  for (const [field, reason, used] of [
    ["plural", "PluralConflict", inUse.resources],
    ["singular", "SingularConflict", inUse.resources],
    ["kind", "KindConflict", inUse.kinds],
    ["listKind", "ListKindConflict", inUse.kinds],
  ] as const) {
    const name = wanted[field]
    if (name === undefined || isFree(name, before?.[field], used)) Object.assign(accepted, { [field]: name })
    else clash(reason, [name])
  }
  const taken = (wanted.shortNames ?? []).filter(
    (name) => before?.shortNames?.includes(name) !== true && inUse.resources.has(name),
  )
  if (taken.length > 0) clash("ShortNamesConflict", taken)
  else if (wanted.shortNames) accepted.shortNames = wanted.shortNames
  else delete accepted.shortNames
  if (wanted.categories) accepted.categories = wanted.categories
  else delete accepted.categories
  return { accepted, conflict }
}

/** The time is that of the last change of status, not of words. */
function withCondition(
  all: readonly Condition[],
  now: string,
  next: Omit<Condition, "lastTransitionTime"> & { status: string },
): Condition[] {
  const before = all.find(({ type }) => type === next.type)
  const lastTransitionTime = before?.status === next.status ? (before.lastTransitionTime ?? now) : now
  const condition = { lastTransitionTime, ...next } as Condition
  return before ? all.map((each) => (each === before ? condition : each)) : [...all, condition]
}
