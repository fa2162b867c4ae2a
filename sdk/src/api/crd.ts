import type { CustomResourceDefinition } from "./apiextensions/custom-resource-definition.ts"
import type { Column, Kind, NewOf } from "./kind.ts"
import { inlined, openapiSchema } from "./openapi.ts"
import type { JsonSchema } from "./structural/json-schema.ts"

/**
 * The CustomResourceDefinition of a kind: what makes any Kubernetes serve it. Defaults of Kubernetes' own types are left
 * out: what a user did not write is filled in where a pod is made, by whoever makes it.
 */
export function crd(kind: Kind): NewOf<typeof CustomResourceDefinition> {
  const { schema, components } = openapiSchema(kind)
  const { metadata: _, ...properties } = inlined(schema, components).properties ?? {}
  const { status, scale } = kind.subresources
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${kind.plural}.${kind.group}` },
    spec: {
      group: kind.group,
      names: {
        kind: kind.kind,
        listKind: kind.listKind,
        plural: kind.plural,
        singular: kind.singular,
        ...(kind.shortNames.length > 0 && { shortNames: [...kind.shortNames] }),
        ...(kind.categories.length > 0 && { categories: [...kind.categories] }),
      },
      scope: kind.namespaced ? "Namespaced" : "Cluster",
      versions: [
        {
          name: kind.version,
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: structural({
              description: kind.description,
              type: "object",
              properties: { ...properties, metadata: { type: "object" } },
            }) as Record<string, unknown>,
          },
          ...(status || scale ? { subresources: subresourcesOf(kind) } : {}),
          ...(kind.columns.length > 0 && { additionalPrinterColumns: kind.columns.map(columnOf) }),
        },
      ],
    },
  }
}

function subresourcesOf({ subresources: { status, scale } }: Kind): Record<string, never> | object {
  return {
    ...(status && { status: {} }),
    ...(scale && {
      scale: {
        specReplicasPath: scale.specReplicas,
        statusReplicasPath: scale.statusReplicas,
        ...(scale.selector && { labelSelectorPath: scale.selector }),
      },
    }),
  }
}

function columnOf({ name, type, format, description, priority, jsonPath }: Column) {
  if (jsonPath === undefined) throw new TypeError(`column ${name} of a custom resource needs a jsonPath`)
  return {
    name,
    type,
    jsonPath,
    ...(format && { format }),
    ...(description && { description }),
    ...(priority && { priority }),
  }
}

/** Only what a structural schema may say. Merge keys that have a default need it, so protocol stays a plain list. */
function structural(schema: JsonSchema): JsonSchema {
  const { default: _, properties, items, additionalProperties, ...rest } = schema
  const kept = Object.fromEntries(
    Object.entries(rest).filter(([word]) => !word.startsWith("x-kubernetes-patch-") && !dropped.has(word)),
  ) as JsonSchema
  const { "x-kubernetes-list-type": listType, "x-kubernetes-list-map-keys": keys, ...plain } = kept
  const mapOfRequired = listType === "map" && keys?.every((key) => items?.required?.includes(key))
  return {
    ...(listType === undefined || listType !== "map" || mapOfRequired ? kept : plain),
    ...intOrString(kept),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, structural(field)])),
    }),
    ...(items && { items: structural(items) }),
    ...(additionalProperties !== undefined && {
      additionalProperties:
        typeof additionalProperties === "object" ? structural(additionalProperties) : additionalProperties,
    }),
  }
}

const dropped = new Set(["x-kubernetes-group-version-kind"])

function intOrString(schema: JsonSchema): JsonSchema {
  if (!schema["x-kubernetes-int-or-string"]) return {}
  return { anyOf: [{ type: "integer" }, { type: "string" }] }
}
