import type { PodTemplate } from "@wick/sdk/api/core/pod-template-object"
import { podSpecMistakes } from "./pod-spec/index.ts"
import type { Strategy } from "./strategy.ts"
import { fillPodSpec } from "./template.ts"

function fill({ template }: PodTemplate): void {
  if (template) fillPodSpec(template.spec)
}

export const podTemplates: Strategy = {
  prepareCreate: (object) => fill(object as unknown as PodTemplate),
  prepareUpdate: (object) => fill(object as unknown as PodTemplate),
  validate(object) {
    const { template } = object as unknown as PodTemplate
    return template ? podSpecMistakes("template.spec", template.spec) : []
  },
}
