import type { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import type { Column, KindOf } from "@wick/sdk/api/kind"
import { type Components, compileSchema, type JsonSchema } from "@wick/sdk/api/structural"
import { deprecationWarning } from "./conversion/deprecation.ts"
import { conversionOf } from "./conversion/index.ts"
import type { WebhookCalls } from "./conversion/webhook-conversion.ts"
import { once, type ServedResource } from "./served-resource.ts"

type Definition = KindOf<typeof CustomResourceDefinition>
type Version = Definition["spec"]["versions"][number]

/** The resources that a CustomResourceDefinition describes: one for each version that it serves. */
export function customResources(
  { spec }: Definition,
  components: Components,
  calls: () => WebhookCalls,
): ServedResource[] {
  const versions = spec.versions.map((version) => {
    const schema = (version.schema?.openAPIV3Schema ?? {
      type: "object",
      "x-kubernetes-preserve-unknown-fields": true,
    }) as JsonSchema
    const apiVersion = `${spec.group}/${version.name}`
    return { version, apiVersion, schema, components, compiled: once(() => compileSchema(schema, components)) }
  })
  const conversion = conversionOf(spec.conversion, versions, calls)
  return versions
    .filter(({ version }) => version.served)
    .map((each) => ({ ...customResource(spec, each.version), ...each, conversion, version: each.version.name }))
}

type Described = Omit<ServedResource, "apiVersion" | "schema" | "components" | "compiled" | "conversion">

function customResource(spec: Definition["spec"], version: Version): Described {
  const { group, names, scope } = spec
  const scale = version.subresources?.scale
  const storage = spec.versions.find((each) => each.storage) ?? version
  return {
    group,
    version: version.name,
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: scope === "Namespaced",
    status: version.subresources?.status !== undefined,
    scale: scale && {
      specReplicas: scale.specReplicasPath,
      statusReplicas: scale.statusReplicasPath,
      ...(scale.labelSelectorPath && { selector: scale.labelSelectorPath }),
    },
    columns: (version.additionalPrinterColumns ?? []) as readonly Column[],
    fieldTexts: {},
    behind: undefined,
    computed: undefined,
    selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath),
    openapiName: `${group.split(".").toReversed().join(".")}.${version.name}.${names.kind}`,
    custom: true,
    storageApiVersion: `${group}/${storage.name}`,
    deprecationWarning: version.deprecated ? deprecationWarning(spec, version) : undefined,
  }
}

type Condition = { type: string; status: string; reason: string; message: string; lastTransitionTime?: string }

/** The status of a definition whose names are free and whose resources are served. */
export function acceptedStatus(definition: Definition, now: string): object | undefined {
  const conditions = (definition.status?.conditions ?? []) as Condition[]
  const settled = ["NamesAccepted", "Established"].every((type) =>
    conditions.some((it) => it.type === type && it.status === "True"),
  )
  const storedVersions = definition.spec.versions.filter(({ storage }) => storage).map(({ name }) => name)
  const known = definition.status?.storedVersions ?? []
  if (settled && storedVersions.every((name) => known.includes(name))) return undefined
  return {
    acceptedNames: definition.spec.names,
    storedVersions: [...new Set([...known, ...storedVersions])],
    conditions: [
      {
        type: "NamesAccepted",
        status: "True",
        reason: "NoConflicts",
        message: "no conflicts found",
        lastTransitionTime: now,
      },
      {
        type: "Established",
        status: "True",
        reason: "InitialNamesAccepted",
        message: "the initial names have been accepted",
        lastTransitionTime: now,
      },
    ],
  }
}

/** A definition's objects are deleted with it: until they are gone this finalizer holds it. */
export const cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io"
