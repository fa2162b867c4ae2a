import type { AnyObject } from "@wick/sdk/api/kind"
import type { ObjectMeta } from "@wick/sdk/api/meta/object-meta"
import type { Storage } from "#store"
import type { AdmissionAttributes, AdmissionStep } from "./step.ts"
import { readClasses } from "./stored-object.ts"

interface Class {
  readonly metadata: ObjectMeta
}

/** A kind whose objects name a class, and are of the default one when they name none. */
interface Choice {
  /** `group/plural` of the objects and of their classes. */
  readonly of: string
  readonly classes: string
  readonly field: string
  /** Annotations that make a class the default. */
  readonly marks: readonly string[]
  /** Annotations that name a class in an older way. */
  readonly names: readonly string[]
}

const choices: readonly Choice[] = [
  {
    of: "/persistentvolumeclaims",
    classes: "storage.k8s.io/storageclasses",
    field: "storageClassName",
    marks: ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"],
    names: ["volume.beta.kubernetes.io/storage-class"],
  },
  {
    of: "networking.k8s.io/ingresses",
    classes: "networking.k8s.io/ingressclasses",
    field: "ingressClassName",
    marks: ["ingressclass.kubernetes.io/is-default-class"],
    names: ["kubernetes.io/ingress.class"],
  },
]

/** Gives new claims and ingresses that name no class the default one, if there is one. */
export function createDefaultClasses(storage: Storage): AdmissionStep {
  return {
    name: "DefaultClasses",
    mutate: async (attributes) => {
      const choice = choiceFor(attributes)
      const { object } = attributes
      if (!choice || !object) return object
      const name = defaultOf(await readClasses<Class>(storage, choice.classes), choice.marks)?.metadata.name
      return name === undefined ? object : { ...object, spec: { ...(object.spec as object), [choice.field]: name } }
    },
  }
}

function choiceFor({ operation, group, resource, subresource, object }: AdmissionAttributes): Choice | undefined {
  if (operation !== "CREATE" || subresource !== "") return undefined
  const choice = choices.find(({ of }) => of === `${group}/${resource}`)
  return choice && object && !namesClass(object, choice) ? choice : undefined
}

/** "" is a name too: of no class, and not of the default one either. */
function namesClass({ spec, metadata }: AnyObject, { field, names }: Choice): boolean {
  const named = (spec as Record<string, unknown> | undefined)?.[field]
  if (named !== undefined && named !== null) return true
  return names.some((name) => metadata.annotations?.[name] !== undefined)
}

/** Pure: of several defaults the newest counts, of those made at once the first by name. */
export function defaultOf<Found extends Class>(classes: readonly Found[], marks: readonly string[]): Found | undefined {
  const defaults = classes.filter(({ metadata }) => marks.some((mark) => metadata.annotations?.[mark] === "true"))
  const bornAt = ({ metadata }: Class): string => metadata.creationTimestamp ?? ""
  return defaults.sort(
    (a, b) => compare(bornAt(b), bornAt(a)) || compare(a.metadata.name ?? "", b.metadata.name ?? ""),
  )[0]
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
