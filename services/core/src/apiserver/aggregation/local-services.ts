import type { APIService } from "@wick/sdk/api/apiregistration/api-service"
import { priorityOf } from "./priority.ts"

/** Says that the object is kept by the server, and how. */
const automanaged = "kube-aggregator.kubernetes.io/automanaged"
/** Registered by the server itself, to be replaced by who brings a server of its own for it. */
const replaceable = new Set(["metrics.k8s.io"])
/** The group in which APIServices are has none: it must be there before any. */
const unregistered = new Set(["apiregistration.k8s.io"])

export interface OwnVersion {
  readonly group: string
  readonly version: string
  /** Whether a CustomResourceDefinition brought it. */
  readonly custom: boolean
}

export type Step =
  | { readonly kind: "create"; readonly object: APIService }
  | { readonly kind: "update"; readonly object: APIService }
  | { readonly kind: "delete"; readonly name: string }

/** Pure: what must be written so that every version that this server answers for has an APIService that says so. */
export function decide(own: readonly OwnVersion[], found: readonly APIService[]): Step[] {
  const wanted = new Map(
    own.filter(({ group }) => !unregistered.has(group)).map((each) => [`${each.version}.${each.group}`, each]),
  )
  const present = new Map(found.map((object) => [object.metadata.name, object]))
  const steps: Step[] = []
  for (const [name, each] of wanted) {
    const object = present.get(name)
    if (!object) steps.push({ kind: "create", object: localService(name, each) })
    else if (isKept(object) && !isTaken(object) && differs(object, each))
      steps.push({ kind: "update", object: { ...object, spec: localSpec(each) } })
  }
  for (const object of found) {
    const { name } = object.metadata
    if (isKept(object) && !isTaken(object) && !wanted.has(name)) steps.push({ kind: "delete", name })
  }
  return steps
}

function isKept({ metadata }: APIService): boolean {
  return metadata.labels?.[automanaged] !== undefined
}

/** Whoever applies an APIService over ours leaves our label on it. */
function isTaken({ spec }: APIService): boolean {
  return spec?.service !== undefined && replaceable.has(spec.group ?? "")
}

function differs({ spec }: APIService, own: OwnVersion): boolean {
  const wanted = localSpec(own)
  return (
    spec?.service !== undefined ||
    spec?.groupPriorityMinimum !== wanted.groupPriorityMinimum ||
    spec?.versionPriority !== wanted.versionPriority
  )
}

function localService(name: string, own: OwnVersion): APIService {
  return {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name, labels: { [automanaged]: own.custom ? "true" : "onstart" } },
    spec: localSpec(own),
  } as unknown as APIService
}

function localSpec({ group, version, custom }: OwnVersion): NonNullable<APIService["spec"]> {
  const priority = priorityOf(group, version, custom)
  return { group, version, groupPriorityMinimum: priority.group, versionPriority: priority.version }
}
