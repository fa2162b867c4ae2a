/** What the table needs of an Ingress of networking.internal.knative.dev. */
export interface IngressView {
  readonly metadata: {
    readonly name: string
    readonly namespace?: string | undefined
    readonly uid: string
    readonly generation?: number | undefined
    readonly creationTimestamp?: string | undefined
    readonly annotations?: Readonly<Record<string, string>> | undefined
  }
  readonly spec?: IngressSpecView | undefined
}

export interface IngressSpecView {
  readonly httpOption?: string | undefined
  readonly rules?: readonly RuleView[] | undefined
  readonly tls?: readonly TlsView[] | undefined
}

/** A certificate, and the hosts that it is for. */
export interface TlsView {
  readonly hosts?: readonly string[] | undefined
  readonly secretName?: string | undefined
  readonly secretNamespace?: string | undefined
}

export interface RuleView {
  readonly hosts?: readonly string[] | undefined
  readonly visibility?: string | undefined
  readonly http?: { readonly paths: readonly PathView[] } | undefined
}

export interface PathView {
  readonly path?: string | undefined
  readonly headers?: Readonly<Record<string, { readonly exact: string }>> | undefined
  readonly rewriteHost?: string | undefined
  readonly splits: readonly SplitView[]
  readonly appendHeaders?: Readonly<Record<string, string>> | undefined
}

export interface SplitView {
  readonly serviceName: string
  readonly serviceNamespace: string
  readonly servicePort?: number | string | undefined
  readonly percent?: number | undefined
  readonly appendHeaders?: Readonly<Record<string, string>> | undefined
}

export const revisionHeader = "Knative-Serving-Revision"
/** Of a split that the gateway answers itself: with what. */
export const answerHeader = "K-Challenge-Answer"

const classAnnotation = "networking.knative.dev/ingress.class"
const ownClass = "wick.ingress.networking.knative.dev"

/** Ingresses of another class are for another gateway. */
export function isOurs({ metadata }: IngressView): boolean {
  return (metadata.annotations?.[classAnnotation] ?? ownClass) === ownClass
}

export function ingressKey({ metadata }: IngressView): string {
  return `${metadata.namespace ?? "default"}/${metadata.name}`
}
