/** Annotations by which a revision says how it wants to be scaled. */

type Annotations = Readonly<Record<string, string>> | undefined

const prefix = "autoscaling.knative.dev/"

export const classAnnotation = `${prefix}class`
/** Scaled by the requests that it gets; what there is when nobody says otherwise. */
export const requestClass = "kpa.autoscaling.knative.dev"
/** Scaled by a HorizontalPodAutoscaler. */
export const resourceClass = "hpa.autoscaling.knative.dev"

/** Names are asked for each time that a revision is looked at: both spellings of the few that there are are kept. */
const spellings = new Map<string, readonly [kebab: string, camel: string]>()

/** `autoscaling.knative.dev/min-scale`, or its older spelling `minScale`. */
export function scalingAnnotation(annotations: Annotations, name: string): string | undefined {
  if (annotations === undefined) return undefined
  const [kebab, camel] = spellings.get(name) ?? spell(name)
  return annotations[kebab] ?? annotations[camel]
}

function spell(name: string): readonly [kebab: string, camel: string] {
  const camel = name.replace(/-(\w)/g, (_match, letter: string) => letter.toUpperCase())
  const both = [`${prefix}${name}`, `${prefix}${camel}`] as const
  spellings.set(name, both)
  return both
}
