/** Annotations by which a revision says how it wants to be scaled. */

type Annotations = Readonly<Record<string, string>> | undefined

const prefix = "autoscaling.knative.dev/"

export const classAnnotation = `${prefix}class`
/** Scaled by the requests that it gets; what there is when nobody says otherwise. */
export const requestClass = "kpa.autoscaling.knative.dev"
/** Scaled by a HorizontalPodAutoscaler. */
export const resourceClass = "hpa.autoscaling.knative.dev"

/** `autoscaling.knative.dev/min-scale`, or its older spelling `minScale`. */
export function scalingAnnotation(annotations: Annotations, name: string): string | undefined {
  const camel = name.replace(/-(\w)/g, (_match, letter: string) => letter.toUpperCase())
  return annotations?.[`${prefix}${name}`] ?? annotations?.[`${prefix}${camel}`]
}
