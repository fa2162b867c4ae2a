import * as z from "zod"
import { age } from "../column.ts"
import { int32, mapList, named, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { conditionOf, flowcontrol } from "./condition.ts"

const QueuingConfiguration = named(
  `${flowcontrol}QueuingConfiguration`,
  "Queues that requests wait in.",
  z.object({
    queues: optional(int32, "How many."),
    handSize: optional(int32, "Queues that a flow may use."),
    queueLengthLimit: optional(int32, "Requests that wait in each, at most."),
  }),
)
const LimitedPriorityLevelConfiguration = named(
  `${flowcontrol}LimitedPriorityLevelConfiguration`,
  "A level whose requests at a time are limited.",
  z.object({
    nominalConcurrencyShares: optional(int32, "Its share of all that may run at a time."),
    limitResponse: optional(
      named(
        `${flowcontrol}LimitResponse`,
        "What becomes of requests for which there is no room.",
        z.object({
          type: required(text, "Queue or Reject."),
          queuing: optional(QueuingConfiguration, "The queues, with the type Queue."),
        }),
      ),
      "What becomes of the others.",
    ),
    lendablePercent: optional(int32, "Part of its share that others may use meanwhile, percent."),
    borrowingLimitPercent: optional(int32, "What it may use of others, percent of its own share."),
  }),
)
const ExemptPriorityLevelConfiguration = named(
  `${flowcontrol}ExemptPriorityLevelConfiguration`,
  "A level without limit.",
  z.object({
    nominalConcurrencyShares: optional(int32, "Its share, which others see as taken."),
    lendablePercent: optional(int32, "Part of it that others may use, percent."),
  }),
)

export const PriorityLevelConfiguration = defineKind({
  group: "flowcontrol.apiserver.k8s.io",
  version: "v1",
  kind: "PriorityLevelConfiguration",
  plural: "prioritylevelconfigurations",
  namespaced: false,
  description: "PriorityLevelConfiguration says how many requests of a level run at a time, and how the others wait.",
  schema: z.object({
    spec: optional(
      named(
        `${flowcontrol}PriorityLevelConfigurationSpec`,
        "The limit.",
        z.object({
          type: required(text, "Exempt or Limited."),
          limited: optional(LimitedPriorityLevelConfiguration, "With the type Limited."),
          exempt: optional(ExemptPriorityLevelConfiguration, "With the type Exempt."),
        }),
      ),
      "The limit.",
    ),
    status: optional(
      named(
        `${flowcontrol}PriorityLevelConfigurationStatus`,
        "Its state.",
        z.object({
          conditions: optional(z.array(conditionOf("PriorityLevelConfiguration")), "Aspects of it.", mapList("type")),
        }),
      ),
      "Its state.",
    ),
  }),
  subresources: { status: true },
  columns: [
    { name: "Type", type: "string", value: ({ spec }) => spec?.type ?? "" },
    {
      name: "NominalConcurrencyShares",
      type: "string",
      value: (level): string => shown(limited(level)?.nominalConcurrencyShares),
    },
    { name: "Queues", type: "string", value: (level): string => shown(queuing(level)?.queues) },
    { name: "HandSize", type: "string", value: (level): string => shown(queuing(level)?.handSize) },
    { name: "QueueLengthLimit", type: "string", value: (level): string => shown(queuing(level)?.queueLengthLimit) },
    age,
  ],
})
export type PriorityLevelConfiguration = KindOf<typeof PriorityLevelConfiguration>

type Limited = z.output<typeof LimitedPriorityLevelConfiguration>

function limited({ spec }: PriorityLevelConfiguration): Limited | undefined {
  return spec?.limited
}

function queuing(level: PriorityLevelConfiguration): z.output<typeof QueuingConfiguration> | undefined {
  return limited(level)?.limitResponse?.queuing
}

function shown(amount: number | undefined): string {
  return amount === undefined ? "<none>" : String(amount)
}
