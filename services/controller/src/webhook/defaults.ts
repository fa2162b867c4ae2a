import type { AnyObject } from "@wick/sdk/api/kind"
import type { Config } from "@wick/sdk/api/serving/config"
import { annotations } from "../labels.ts"
import { sameJson } from "../same-json.ts"
import type { ReviewRequest } from "./admission-review.ts"

type Json = Record<string, unknown>
interface ContainerView extends Json {
  name?: string
  ports?: object[]
  readinessProbe?: Json
}
interface RevisionSpecView extends Json {
  containers?: ContainerView[]
  timeoutSeconds?: number
  containerConcurrency?: number
}
interface TemplateView extends Json {
  spec?: RevisionSpecView
}

/**
 * An object with what it leaves open filled in, the same for a Service and for the Configuration and Revision that are
 * made of it. Doing it twice changes nothing.
 */
export function withDefaults(request: ReviewRequest, config: Config): AnyObject | undefined {
  if (!request.object) return undefined
  const object = structuredClone(request.object)
  const spec = (object.spec ?? {}) as Json
  switch (request.kind.kind) {
    case "Service":
      spec.template = template(spec.template as TemplateView, config)
      spec.traffic = traffic((spec.traffic ?? undefined) as Json[] | undefined)
      break
    case "Configuration":
      spec.template = template(spec.template as TemplateView, config)
      break
    case "Route":
      spec.traffic = traffic((spec.traffic ?? undefined) as Json[] | undefined)
      break
    case "Revision":
      if (request.operation === "CREATE") Object.assign(spec, revisionSpec(spec as RevisionSpecView, config))
      break
  }
  object.spec = spec
  return request.kind.kind === "Revision" ? object : withCreator(request, object)
}

function template(given: TemplateView | undefined, config: Config): TemplateView {
  return { ...given, spec: revisionSpec(given?.spec ?? {}, config) }
}

function revisionSpec(spec: RevisionSpecView, { defaults }: Config): RevisionSpecView {
  return {
    ...spec,
    timeoutSeconds: spec.timeoutSeconds || defaults["revision-timeout-seconds"],
    containerConcurrency: spec.containerConcurrency ?? defaults["container-concurrency"],
    enableServiceLinks: spec.enableServiceLinks ?? defaults["enable-service-links"],
    containers: containers(spec.containers ?? []),
  }
}

function containers(given: readonly ContainerView[]): ContainerView[] {
  const taken = new Set(given.map(({ name }) => name))
  let next = 0
  const nameOf = (container: ContainerView): string => {
    if (container.name) return container.name
    if (given.length === 1) return "user-container"
    while (taken.has(`user-container-${next}`)) next++
    return `user-container-${next++}`
  }
  const serving = given.length === 1 ? given[0] : given.find(({ ports }) => (ports?.length ?? 0) > 0)
  return given.map((container) => ({
    ...container,
    name: nameOf(container),
    resources: container.resources ?? {},
    ...(container === serving && { readinessProbe: readinessProbe(container.readinessProbe) }),
  }))
}

/** Without a probe of its own a container is ready when its port takes connections. */
function readinessProbe(given: Json | undefined): Json {
  const asks = given && (given.httpGet ?? given.exec ?? given.grpc ?? given.tcpSocket)
  return { ...given, ...(!asks && { tcpSocket: { port: 0 } }), successThreshold: given?.successThreshold ?? 1 }
}

function traffic(given: readonly Json[] | undefined): Json[] {
  if (!given || given.length === 0) return [{ latestRevision: true, percent: 100 }]
  return given.map((target) => {
    const named = typeof target.revisionName === "string" && target.revisionName !== ""
    return { ...target, latestRevision: target.latestRevision ?? !named }
  })
}

/** Who made it, and who changed its spec last; a client cannot say otherwise. */
function withCreator({ operation, oldObject, username }: ReviewRequest, object: AnyObject): AnyObject {
  const before = oldObject?.metadata.annotations ?? {}
  const owned = (object.metadata.ownerReferences ?? []).length > 0
  if (owned) return object
  const creator = operation === "CREATE" ? username : (before[annotations.creator] ?? username)
  const unchanged = operation === "UPDATE" && sameJson(oldObject?.spec, object.spec)
  const lastModifier = unchanged ? (before[annotations.lastModifier] ?? username) : username
  const own = { [annotations.creator]: creator, [annotations.lastModifier]: lastModifier }
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...own } } }
}
