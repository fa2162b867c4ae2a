/** Conditions as Knative's clients read them: one happy condition that follows from its dependents, and notes beside. */
export interface Condition {
  readonly type: string
  readonly status: "True" | "False" | "Unknown"
  readonly reason?: string | undefined
  readonly message?: string | undefined
  readonly severity?: string | undefined
  readonly lastTransitionTime?: string | undefined
}

/** What a reconcile says of one condition. */
export type Mark =
  | { readonly status: "True"; readonly reason?: string; readonly message?: string }
  | { readonly status: "False" | "Unknown"; readonly reason: string; readonly message: string }

export const isTrue: Mark = { status: "True" }

export function isFalse(reason: string, message: string): Mark {
  return { status: "False", reason, message }
}

export function isUnknown(reason: string, message: string): Mark {
  return { status: "Unknown", reason, message }
}

export interface ConditionsInput {
  readonly before: readonly Condition[] | undefined
  /** Conditions that Ready follows from, in the order in which their failures are told. */
  readonly dependents: Readonly<Record<string, Mark>>
  /** Conditions that say something but decide nothing. */
  readonly notes?: Readonly<Record<string, Mark>>
  readonly nowMs: number
}

/**
 * All conditions, sorted by type. Ready is False when a dependent is, else Unknown when one is, else True, and carries
 * the reason and message of the first that is not True. `lastTransitionTime` moves only when a condition changes.
 */
export function nextConditions({ before = [], dependents, notes = {}, nowMs }: ConditionsInput): Condition[] {
  const marks = Object.values(dependents)
  const ready =
    marks.find(({ status }) => status === "False") ?? marks.find(({ status }) => status === "Unknown") ?? isTrue
  const given = [
    ...Object.entries({ ...dependents, Ready: ready }).map(([type, mark]) => condition(type, mark)),
    ...Object.entries(notes).map(([type, mark]) => condition(type, mark, "Info")),
  ]
  return given.map((next) => dated(before, next, nowMs)).toSorted((a, b) => (a.type < b.type ? -1 : 1))
}

function condition(type: string, mark: Mark, severity?: string): Condition {
  const told = mark.status === "True" ? {} : { reason: mark.reason, message: mark.message }
  const trueReason = mark.status === "True" && mark.reason ? { reason: mark.reason, message: mark.message ?? "" } : {}
  return { type, status: mark.status, ...told, ...trueReason, ...(severity && mark.status !== "True" && { severity }) }
}

function dated(before: readonly Condition[], next: Condition, nowMs: number): Condition {
  const last = before.find(({ type }) => type === next.type)
  const same = last?.status === next.status && last.reason === next.reason && last.message === next.message
  const time = same && last.lastTransitionTime ? last.lastTransitionTime : timestamp(nowMs)
  return { ...next, lastTransitionTime: time }
}

/** Whole seconds, as Kubernetes writes times. */
export function timestamp(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 19)}Z`
}

interface Conditioned {
  metadata: { generation?: number | undefined }
  status?: { observedGeneration?: number | undefined; conditions?: readonly Condition[] | undefined } | undefined
}

/** A condition of an object, if the object's controller has seen its present generation; else nothing is known. */
export function currentCondition(object: Conditioned, type: string): Condition | undefined {
  if (object.status?.observedGeneration !== object.metadata.generation) return undefined
  return object.status?.conditions?.find((condition) => condition.type === type)
}

/** A child's condition as a mark of its parent: the same status, reason and message. */
export function propagate(child: Condition | undefined, outOfDate: string): Mark {
  if (!child) return isUnknown("OutOfDate", outOfDate)
  if (child.status === "True") return isTrue
  return { status: child.status, reason: child.reason ?? "", message: child.message ?? "" }
}
