import type { AnyObject } from "@wick/sdk/api/kind"
import type { Config } from "@wick/sdk/api/serving/config"
import { labels } from "../labels.ts"
import { sameJson } from "../same-json.ts"
import type { Mistake, ReviewRequest } from "./admission-review.ts"
import { autoscalingMistakes } from "./autoscaling-annotations.ts"
import { revisionSpecMistakes } from "./revision-spec.ts"
import { trafficMistakes } from "./traffic.ts"

type Json = Record<string, unknown>
interface Template {
  metadata?: { name?: string; annotations?: Record<string, string> }
  spec?: Json
}

const autoscaling = "autoscaling.knative.dev/"
const dns1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const nameMax = 63

/** Every mistake in an object, in Knative's words, each with its field. */
export function mistakesIn(request: ReviewRequest, config: Config): Mistake[] {
  const { object, oldObject } = request
  if (!object || object.metadata.deletionTimestamp) return []
  const spec = (object.spec ?? {}) as Json
  const before = oldObject?.spec as Json | undefined
  switch (request.kind.kind) {
    case "Service":
      return [
        ...nameMistakes(object),
        ...misplacedAnnotations(object),
        ...templateMistakes(object, spec.template as Template, before?.template as Template | undefined, config),
        ...trafficMistakes(spec.traffic, "spec.traffic", { configurationName: false }),
      ]
    case "Configuration":
      return [
        ...misplacedAnnotations(object),
        ...templateMistakes(object, spec.template as Template, before?.template as Template | undefined, config),
      ]
    case "Route":
      return trafficMistakes(spec.traffic, "spec.traffic", { configurationName: true })
    case "Revision":
      return revisionMistakes(object, oldObject, config)
    default:
      return []
  }
}

function nameMistakes({ metadata }: AnyObject): Mistake[] {
  const name = metadata.name ?? ""
  if (name === "" && metadata.generateName) return []
  if (dns1035.test(name) && name.length <= nameMax) return []
  return [
    {
      message: `not a DNS 1035 label: [a name starts with a letter and has at most ${nameMax} of a-z, 0-9 and -]`,
      field: "metadata.name",
    },
  ]
}

/** Annotations that only work on a revision, and would be without effect here. */
function misplacedAnnotations({ metadata }: AnyObject): Mistake[] {
  const misplaced = Object.keys(metadata.annotations ?? {}).filter((name) => name.startsWith(autoscaling))
  return misplaced.map((name) => ({
    message: 'autoscaling annotations must be put under "spec.template.metadata.annotations" to work',
    field: `metadata.annotations[${name}]`,
  }))
}

function templateMistakes(
  parent: AnyObject,
  template: Template | undefined,
  before: Template | undefined,
  config: Config,
): Mistake[] {
  const field = "spec.template"
  return [
    ...chosenNameMistakes(parent, template, before),
    ...autoscalingMistakes(
      template?.metadata?.annotations,
      `${field}.metadata`,
      config.autoscaler["allow-zero-initial-scale"],
    ),
    ...revisionSpecMistakes(template?.spec ?? {}, `${field}.spec`, config),
  ]
}

function chosenNameMistakes(
  { metadata }: AnyObject,
  template: Template | undefined,
  before: Template | undefined,
): Mistake[] {
  const name = template?.metadata?.name
  const field = "spec.template.metadata.name"
  if (!name) return []
  if (!dns1035.test(name)) return [{ message: "not a DNS 1035 label", field }]
  if (metadata.generateName && !metadata.name)
    return [{ message: "must not set the field(s) with generateName", field }]
  if (!name.startsWith(`${metadata.name}-`))
    return [{ message: `"${name}" must have prefix "${metadata.name}-"`, field }]
  if (before?.metadata?.name !== name || sameJson(before, template)) return []
  return [{ message: `Saw the following changes without a name change (-old +new): the template differs`, field }]
}

function revisionMistakes(object: AnyObject, oldObject: AnyObject | undefined, config: Config): Mistake[] {
  if (oldObject && !sameJson(oldObject.spec, object.spec)) {
    return [
      {
        message: "Immutable fields changed (-old +new): the spec of a revision never changes; change its service",
        field: "spec",
      },
    ]
  }
  const allowZero = config.autoscaler["allow-zero-initial-scale"]
  const own = autoscalingMistakes(object.metadata.annotations, "metadata", allowZero)
  const orphan =
    object.metadata.labels?.[labels.configuration] !== undefined && !object.metadata.ownerReferences?.length
  return [
    ...own,
    ...(oldObject ? [] : revisionSpecMistakes((object.spec ?? {}) as Json, "spec", config)),
    ...(orphan
      ? [
          {
            message: "invalid value: the label needs the configuration as an owner",
            field: `metadata.labels[${labels.configuration}]`,
          },
        ]
      : []),
  ]
}
