import type { Config } from "@wick/sdk/api/serving/config"
import { disallowed, type FieldError, invalidValue, mistake, via } from "@wick/sdk/api/serving/field-error"
import { dns1035Mistakes, dns1035PrefixMistakes } from "@wick/sdk/api/serving/name-mistakes"
import { networkingMistakes, progressDeadlineMistakes, sidecarMistakes } from "./annotations.ts"
import { autoscalingMistakes } from "./autoscaling-annotations.ts"
import { templateDiff } from "./diff.ts"
import type { RevisionSpecView } from "./pod-view.ts"
import { revisionSpecMistakes } from "./revision-spec.ts"

export interface TemplateView {
  readonly metadata?: {
    readonly name?: string
    readonly generateName?: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec?: RevisionSpecView
}

interface Parent {
  readonly name?: string | undefined
  readonly generateName?: string | undefined
}

/** Every mistake in the template of revisions of a parent. */
export function templateMistakes(template: TemplateView | undefined, parent: Parent, config: Config): FieldError[] {
  const { metadata = {}, spec = {} } = template ?? {}
  const { annotations = {} } = metadata
  return [
    ...via("spec", revisionSpecMistakes(spec, config)),
    ...via("metadata.annotations", [
      ...autoscalingMistakes(annotations, config.autoscaler),
      ...sidecarMistakes(annotations),
      ...progressDeadlineMistakes(annotations),
      ...networkingMistakes(annotations),
    ]),
    ...via("metadata", chosenNameMistakes(metadata, parent)),
  ]
}

/** A revision may have a name of one's own choice, below the parent's. */
function chosenNameMistakes(metadata: NonNullable<TemplateView["metadata"]>, parent: Parent): FieldError[] {
  const { name = "", generateName = "" } = metadata
  const prefix = generateName === "" ? [] : dns1035PrefixMistakes(generateName)
  if (prefix.length > 0) return [invalidValue(`not a DNS 1035 label prefix: [${prefix.join(" ")}]`, "generateName")]
  if (name === "") return []
  const wrong = dns1035Mistakes(name)
  if (wrong.length > 0) return [invalidValue(`not a DNS 1035 label: [${wrong.join(" ")}]`, "name")]
  // The name is not known yet, so nothing can begin with it.
  if (!parent.name && parent.generateName) return [disallowed("name")]
  const wanted = `${parent.name ?? ""}-`
  if (name.startsWith(wanted)) return []
  return [invalidValue(`${JSON.stringify(name)} must have prefix ${JSON.stringify(wanted)}`, "name")]
}

/** A template whose revision has a chosen name changes only with that name: the revision of that name is there. */
export function nameChangeMistakes(before: TemplateView | undefined, after: TemplateView | undefined): FieldError[] {
  const name = after?.metadata?.name
  if (!name || name !== before?.metadata?.name) return []
  const details = templateDiff(before, after)
  if (details === "") return []
  return [{ ...mistake("Saw the following changes without a name change (-old +new)", "metadata.name"), details }]
}
