import type { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import type { Column, KindOf } from "@wick/sdk/api/kind"
import { type CompiledSchema, type Components, compileSchema, type JsonSchema } from "@wick/sdk/api/structural"
import { deprecationWarning } from "./conversion/deprecation.ts"
import { conversionOf } from "./conversion/index.ts"
import type { WebhookCalls } from "./conversion/webhook-conversion.ts"
import type { Names } from "./definition-status.ts"
import { once, type ServedResource } from "./served-resource.ts"

type Definition = KindOf<typeof CustomResourceDefinition>
type Version = Definition["spec"]["versions"][number]

/** The resources that a CustomResourceDefinition describes: one for each version that it serves. */
export function customResources(
  { spec, metadata }: Definition,
  names: Names,
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
  const isTerminating = metadata.deletionTimestamp !== undefined
  const indexedFields = [...new Set(spec.versions.flatMap(fieldsOf))]
  const conform = conformity(versions)
  const conversion = conversionOf(spec.conversion, versions, calls)
  return versions
    .filter(({ version }) => version.served)
    .map((each) => ({
      ...customResource({ ...spec, names }, each.version),
      ...each,
      conform,
      conversion,
      isTerminating,
      indexedFields,
      version: each.version.name,
    }))
}

type Described = Omit<
  ServedResource,
  "apiVersion" | "schema" | "components" | "compiled" | "conform" | "conversion" | "isTerminating" | "indexedFields"
>

interface Schemed {
  readonly apiVersion: string
  readonly schema: JsonSchema
  readonly compiled: () => CompiledSchema
}

function conformity(versions: readonly Schemed[]): NonNullable<ServedResource["conform"]> {
  const known = new Map(
    versions.map(({ apiVersion, schema, compiled }) => [
      apiVersion,
      { compiled, hasDefaults: JSON.stringify(schema).includes('"default":') },
    ]),
  )
  return (object) => {
    const version = known.get(object.apiVersion)
    if (!version) return false
    const schema = version.compiled()
    const pruned = schema.prune(object).length > 0
    if (version.hasDefaults) schema.default(object)
    return pruned || version.hasDefaults
  }
}

function customResource(spec: Definition["spec"], version: Version): Described {
  const { group, names, scope } = spec
  const scale = version.subresources?.scale
  const storage = spec.versions.find((each) => each.storage) ?? version
  return {
    group,
    version: version.name,
    createdByUpdate: false,
    updatedBlindly: false,
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
    selectableFields: fieldsOf(version),
    openapiName: `${group.split(".").toReversed().join(".")}.${version.name}.${names.kind}`,
    custom: true,
    storageApiVersion: `${group}/${storage.name}`,
    deprecationWarning: version.deprecated ? deprecationWarning(spec, version) : undefined,
  }
}

function fieldsOf({ selectableFields = [] }: Version): string[] {
  return selectableFields.map(({ jsonPath }) => jsonPath)
}

/** A definition's objects are deleted with it: until they are gone this finalizer holds it. */
export const cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io"
