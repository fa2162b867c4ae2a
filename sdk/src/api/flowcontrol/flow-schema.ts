import * as z from "zod"
import { age } from "../column.ts"
import { atomicList, defaulted, flag, int32, mapList, named, optional, required, setList, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { conditionOf, flowcontrol } from "./condition.ts"

const Subject = named(
  `${flowcontrol}Subject`,
  "Who makes requests.",
  z.object({
    kind: required(text, "User, Group or ServiceAccount."),
    user: optional(
      named(
        `${flowcontrol}UserSubject`,
        "A user.",
        z.object({ name: required(text, "Its name; `*` for every user.") }),
      ),
      "With the kind User.",
    ),
    group: optional(
      named(
        `${flowcontrol}GroupSubject`,
        "A group.",
        z.object({ name: required(text, "Its name; `*` for every group.") }),
      ),
      "With the kind Group.",
    ),
    serviceAccount: optional(
      named(
        `${flowcontrol}ServiceAccountSubject`,
        "A service account.",
        z.object({ namespace: required(text, "Its namespace."), name: required(text, "Its name; `*` for every one.") }),
      ),
      "With the kind ServiceAccount.",
    ),
  }),
)
const ResourcePolicyRule = named(
  `${flowcontrol}ResourcePolicyRule`,
  "Requests for resources.",
  z.object({
    verbs: required(z.array(text), "Verbs; `*` for all.", setList),
    apiGroups: required(z.array(text), "Groups; `*` for all.", setList),
    resources: required(z.array(text), "Resources; `*` for all.", setList),
    clusterScope: optional(flag, "Whether requests without a namespace are meant."),
    namespaces: optional(z.array(text), "Namespaces; `*` for all.", setList),
  }),
)
const NonResourcePolicyRule = named(
  `${flowcontrol}NonResourcePolicyRule`,
  "Requests for other paths.",
  z.object({
    verbs: required(z.array(text), "Verbs; `*` for all.", setList),
    nonResourceURLs: required(z.array(text), "Paths; a last `*` stands for any rest.", setList),
  }),
)
const PolicyRulesWithSubjects = named(
  `${flowcontrol}PolicyRulesWithSubjects`,
  "Some requests of some users.",
  z.object({
    subjects: required(z.array(Subject), "The users.", atomicList),
    resourceRules: optional(z.array(ResourcePolicyRule), "Requests for resources.", atomicList),
    nonResourceRules: optional(z.array(NonResourcePolicyRule), "Requests for other paths.", atomicList),
  }),
)

export const FlowSchema = defineKind({
  group: "flowcontrol.apiserver.k8s.io",
  version: "v1",
  kind: "FlowSchema",
  plural: "flowschemas",
  namespaced: false,
  description: "FlowSchema says which priority level a request is of, and what flow within it.",
  schema: z.object({
    spec: optional(
      named(
        `${flowcontrol}FlowSchemaSpec`,
        "The requests, and their level.",
        z.object({
          priorityLevelConfiguration: required(
            named(
              `${flowcontrol}PriorityLevelConfigurationReference`,
              "A priority level.",
              z.object({ name: required(text, "Its name.") }),
            ),
            "Their level.",
          ),
          matchingPrecedence: defaulted(
            int32,
            1_000,
            "Of the schemas that fit, the one of the smallest number is taken.",
          ),
          distinguisherMethod: optional(
            named(
              `${flowcontrol}FlowDistinguisherMethod`,
              "What tells flows apart.",
              z.object({ type: required(text, "ByUser or ByNamespace.") }),
            ),
            "What tells flows apart.",
          ),
          rules: optional(z.array(PolicyRulesWithSubjects), "The requests.", atomicList),
        }),
      ),
      "The requests, and their level.",
    ),
    status: optional(
      named(
        `${flowcontrol}FlowSchemaStatus`,
        "Its state.",
        z.object({ conditions: optional(z.array(conditionOf("FlowSchema")), "Aspects of it.", mapList("type")) }),
      ),
      "Its state.",
    ),
  }),
  subresources: { status: true },
  columns: [
    {
      name: "PriorityLevel",
      type: "string",
      value: ({ spec }) => spec?.priorityLevelConfiguration.name ?? "",
    },
    { name: "MatchingPrecedence", type: "integer", value: ({ spec }) => spec?.matchingPrecedence ?? 0 },
    {
      name: "DistinguisherMethod",
      type: "string",
      value: ({ spec }) => spec?.distinguisherMethod?.type ?? "<none>",
    },
    age,
    {
      name: "MissingPL",
      type: "string",
      value: (it): string => dangling(it),
    },
  ],
})
export type FlowSchema = KindOf<typeof FlowSchema>

function dangling({ status }: FlowSchema): string {
  return status?.conditions?.find(({ type }) => type === "Dangling")?.status ?? "?"
}
