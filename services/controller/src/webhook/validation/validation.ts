import type { AnyObject } from "@wick/sdk/api/kind"
import type { Config } from "@wick/sdk/api/serving/config"
import { type FieldError, mistake, via } from "@wick/sdk/api/serving/field-error"
import { labels } from "../../labels.ts"
import { sameJson } from "../../same-json.ts"
import type { ReviewRequest } from "../admission-review.ts"
import { creatorMistakes, networkingMistakes, noAutoscaling, rolloutMistakes } from "./annotations.ts"
import { autoscalingMistakes } from "./autoscaling-annotations.ts"
import { revisionDiff } from "./diff.ts"
import { domainMappingMistakes } from "./domain-mapping.ts"
import { nameMistakes, ownerMistakes, visibilityMistakes } from "./metadata.ts"
import type { RevisionSpecView } from "./pod-view.ts"
import { revisionSpecMistakes } from "./revision-spec.ts"
import { nameChangeMistakes, type TemplateView, templateMistakes } from "./template.ts"
import { trafficMistakes } from "./traffic.ts"

interface Judged {
  readonly object: AnyObject
  /** What it was; undefined when it is made. */
  readonly before: AnyObject | undefined
  readonly config: Config
}

const judges: Readonly<Record<string, (judged: Judged) => FieldError[]>> = {
  Service: serviceMistakes,
  Configuration: configurationMistakes,
  Route: routeMistakes,
  Revision: revisionMistakes,
  DomainMapping: ({ object, before }) => [...domainMappingMistakes(object), ...makerMistakes(object, before)],
}

/** Every mistake and warning of an object, as Knative tells them. What is being deleted is not judged any more. */
export function mistakesIn(request: ReviewRequest, config: Config): FieldError[] {
  const { object, oldObject, operation, kind } = request
  if (!object || operation === "DELETE" || object.metadata.deletionTimestamp) return []
  return judges[kind.kind]?.({ object, before: operation === "UPDATE" ? oldObject : undefined, config }) ?? []
}

function serviceMistakes({ object, before, config }: Judged): FieldError[] {
  const annotations = object.metadata.annotations ?? {}
  const spec = specOf(object)
  return [
    ...via("metadata", [
      ...nameMistakes(object),
      ...visibilityMistakes(object),
      ...via("annotations", [
        ...noAutoscaling(annotations),
        ...rolloutMistakes(annotations),
        ...networkingMistakes(annotations),
      ]),
    ]),
    ...via("spec", trafficMistakes(spec.traffic, { configurationName: false })),
    ...templateAndMaker({ object, before, config }),
  ]
}

function configurationMistakes({ object, before, config }: Judged): FieldError[] {
  return [
    ...via("metadata", [
      ...nameMistakes(object),
      ...ownerMistakes(object, before, { label: labels.service, kind: "Service" }),
      ...via("annotations", noAutoscaling(object.metadata.annotations ?? {})),
    ]),
    ...templateAndMaker({ object, before, config }),
  ]
}

function templateAndMaker({ object, before, config }: Judged): FieldError[] {
  const { template } = specOf(object)
  return [
    ...via("spec.template", templateMistakes(template, object.metadata, config)),
    ...via("spec.template", before ? nameChangeMistakes(specOf(before).template, template) : []),
    ...makerMistakes(object, before),
  ]
}

function routeMistakes({ object, before }: Judged): FieldError[] {
  const annotations = object.metadata.annotations ?? {}
  return [
    ...via("metadata", [
      ...nameMistakes(object),
      ...visibilityMistakes(object),
      ...ownerMistakes(object, before, { label: labels.service, kind: "Service" }),
      ...via("annotations", [...rolloutMistakes(annotations), ...networkingMistakes(annotations)]),
    ]),
    ...via("spec", trafficMistakes(specOf(object).traffic, { configurationName: true })),
    ...makerMistakes(object, before),
  ]
}

/** A revision never changes; what stands beside its spec may, so that it can be scaled and kept otherwise. */
function revisionMistakes({ object, before, config }: Judged): FieldError[] {
  const spec = object.spec as RevisionSpecView | undefined
  const details = before && revisionDiff(before.spec as object, spec)
  if (details) return [{ ...mistake("Immutable fields changed (-old +new)", "spec"), details }]
  return [
    ...via("metadata", [
      ...nameMistakes(object),
      ...ownerMistakes(object, before, { label: labels.configuration, kind: "Configuration" }),
      ...via("annotations", autoscalingMistakes(object.metadata.annotations ?? {}, config.autoscaler)),
    ]),
    ...(before ? [] : via("spec", revisionSpecMistakes(spec ?? {}, config))),
  ]
}

/** What has an owner was made by a controller, in the name of whoever made that. */
function makerMistakes(object: AnyObject, before: AnyObject | undefined): FieldError[] {
  if (before === undefined || (object.metadata.ownerReferences ?? []).length > 0) return []
  const changed = !sameJson(before.spec, object.spec)
  const texts = [before.metadata.annotations ?? {}, object.metadata.annotations ?? {}] as const
  return via("metadata.annotations", creatorMistakes(...texts, changed))
}

function specOf({ spec }: AnyObject): { readonly template?: TemplateView; readonly traffic?: unknown } {
  return (spec ?? {}) as { template?: TemplateView; traffic?: unknown }
}
