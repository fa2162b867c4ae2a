import * as z from "zod"
import { WebhookClientConfig } from "../admissionregistration/webhook.ts"
import {
  anyObject,
  applyMapList,
  atomicList,
  defaulted,
  flag,
  int32,
  int64,
  named,
  optional,
  required,
  text,
  texts,
} from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { ConditionStatus } from "../meta/condition.ts"
import { Time } from "../meta/object-meta.ts"

const group = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."

/** A JSON schema as a CRD writes it. Judged by the engine that compiles it, so here any object will do. */
export const JSONSchemaProps = named(`${group}JSONSchemaProps`, "A JSON schema.", anyObject)

export const CustomResourceDefinitionNames = named(
  `${group}CustomResourceDefinitionNames`,
  "What the kind is called.",
  z.object({
    plural: required(text, "In URLs: the plural, in lower case."),
    singular: optional(text, "On the command line; the kind in lower case when absent."),
    shortNames: optional(texts, "Abbreviations.", atomicList),
    kind: required(text, "The kind, in CamelCase."),
    listKind: optional(text, "Kind of a list; the kind with List when absent."),
    categories: optional(texts, "Groups of kinds, such as all.", atomicList),
  }),
)
export const CustomResourceColumnDefinition = named(
  `${group}CustomResourceColumnDefinition`,
  "A column of kubectl get.",
  z.object({
    name: required(text, "Head of the column."),
    type: required(text, "string, integer, number, boolean or date."),
    format: optional(text, "Format of the type."),
    description: optional(text, "What the column says."),
    priority: optional(int32, "0: always shown; more: with -o wide."),
    jsonPath: required(text, "Where the value is."),
  }),
)
export const CustomResourceSubresourceScale = named(
  `${group}CustomResourceSubresourceScale`,
  "Where the scale subresource reads and writes.",
  z.object({
    specReplicasPath: required(text, "Path of the wanted number."),
    statusReplicasPath: required(text, "Path of the number that there is."),
    labelSelectorPath: optional(text, "Path of the selector."),
  }),
)
export const CustomResourceSubresources = named(
  `${group}CustomResourceSubresources`,
  "Subresources of the kind.",
  z.object({
    status: optional(anyObject, "Status is written by itself."),
    scale: optional(CustomResourceSubresourceScale, "The kind can be scaled."),
  }),
)
export const CustomResourceDefinitionVersion = named(
  `${group}CustomResourceDefinitionVersion`,
  "A version of the kind.",
  z.object({
    name: required(text, "Such as v1beta1."),
    served: required(flag, "Whether it can be used."),
    storage: required(flag, "Whether objects are stored in it; exactly one is."),
    deprecated: optional(flag, "Whether its use is warned of."),
    deprecationWarning: optional(text, "The warning."),
    schema: optional(
      named(
        `${group}CustomResourceValidation`,
        "The schema of the kind.",
        z.object({ openAPIV3Schema: optional(JSONSchemaProps, "The schema.") }),
      ),
      "The schema of the kind.",
    ),
    subresources: optional(CustomResourceSubresources, "Subresources of the kind."),
    additionalPrinterColumns: optional(z.array(CustomResourceColumnDefinition), "Columns of kubectl get.", atomicList),
    selectableFields: optional(
      z.array(
        named(
          `${group}SelectableField`,
          "A field for field selectors.",
          z.object({ jsonPath: required(text, "Its path.") }),
        ),
      ),
      "Fields that field selectors may name.",
      atomicList,
    ),
  }),
)
export type CustomResourceDefinitionVersion = z.output<typeof CustomResourceDefinitionVersion>
export const CustomResourceConversion = named(
  `${group}CustomResourceConversion`,
  "How versions are converted.",
  z.object({
    strategy: required(z.enum(["None", "Webhook"]), "None or Webhook."),
    webhook: optional(
      named(
        `${group}WebhookConversion`,
        "The webhook.",
        z.object({
          clientConfig: optional(WebhookClientConfig, "How to reach it."),
          conversionReviewVersions: required(texts, "Versions of ConversionReview.", atomicList),
        }),
      ),
      "The webhook.",
    ),
  }),
)
export const CustomResourceDefinitionCondition = named(
  `${group}CustomResourceDefinitionCondition`,
  "One aspect of the definition's state.",
  z.object({
    type: required(text, "Established, NamesAccepted, NonStructuralSchema, Terminating."),
    status: required(ConditionStatus, "Whether it holds."),
    lastTransitionTime: optional(Time, "When the status last changed."),
    reason: optional(text, "Why, in one word."),
    message: optional(text, "Why."),
    observedGeneration: optional(int64, "Generation that it was computed from."),
  }),
)

export const CustomResourceDefinition = defineKind({
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  shortNames: ["crd", "crds"],
  categories: ["api-extensions"],
  namespaced: false,
  openapiName: `${group}CustomResourceDefinition`,
  description: "CustomResourceDefinition adds a kind to the API.",
  schema: z.object({
    spec: required(
      named(
        `${group}CustomResourceDefinitionSpec`,
        "The kind that is added.",
        z.object({
          group: required(text, "Group of the kind."),
          names: required(CustomResourceDefinitionNames, "What it is called."),
          scope: required(z.enum(["Cluster", "Namespaced"]), "Whether objects live in namespaces."),
          versions: required(z.array(CustomResourceDefinitionVersion), "Its versions.", atomicList),
          conversion: defaulted(CustomResourceConversion, { strategy: "None" }, "How versions are converted."),
          preserveUnknownFields: optional(flag, "Must be false."),
        }),
      ),
      "The kind that is added.",
    ),
    status: optional(
      named(
        `${group}CustomResourceDefinitionStatus`,
        "Where the definition stands.",
        z.object({
          conditions: optional(
            z.array(CustomResourceDefinitionCondition),
            "Aspects of its state.",
            applyMapList("type"),
          ),
          acceptedNames: optional(CustomResourceDefinitionNames, "Names that are in use."),
          storedVersions: optional(texts, "Versions that objects may be stored in.", atomicList),
          observedGeneration: optional(int64, "Generation that the status is about."),
        }),
      ),
      "Where the definition stands.",
    ),
  }),
  subresources: { status: true },
  columns: [{ name: "Created At", type: "date", value: ({ metadata }) => metadata.creationTimestamp ?? "" }],
})
export type CustomResourceDefinition = KindOf<typeof CustomResourceDefinition>
