import type { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import type { KindOf } from "@wick/sdk/api/kind"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import type { JsonSchema } from "@wick/sdk/api/structural"
import { pathParts } from "../field-path.ts"

type Definition = KindOf<typeof CustomResourceDefinition>
type Version = Definition["spec"]["versions"][number]

const columnTypes = ["boolean", "date", "integer", "number", "string"]
const columnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"]
/** Every one is kept in memory beside every object. */
const selectableFieldsMax = 8
const selectableTypes = ["string", "boolean", "integer"]

/** What is wrong with the columns, the scale and the selectable fields of a version. */
export function mistakesOfVersion(version: Version, at: string): FieldError[] {
  return [...mistakesOfColumns(version, at), ...mistakesOfScale(version, at), ...mistakesOfSelectable(version, at)]
}

function mistakesOfColumns({ additionalPrinterColumns = [] }: Version, at: string): FieldError[] {
  return additionalPrinterColumns.flatMap(({ name, type, format, jsonPath }, index) => {
    const field = `${at}.additionalPrinterColumns[${index}]`
    const mistakes: FieldError[] = []
    if (name === "") mistakes.push(required(`${field}.name`))
    if (type === "") mistakes.push(required(`${field}.type`))
    else if (!columnTypes.includes(type)) {
      mistakes.push(invalid(`${field}.type`, type, `must be one of ${columnTypes.join(",")}`))
    }
    if (format && !columnFormats.includes(format)) {
      mistakes.push(invalid(`${field}.format`, format, `must be one of ${columnFormats.join(",")}`))
    }
    return [...mistakes, ...mistakesOfPath(`${field}.jsonPath`, jsonPath)]
  })
}

function mistakesOfScale({ subresources }: Version, at: string): FieldError[] {
  const scale = subresources?.scale
  if (!scale) return []
  const field = `${at}.subresources.scale`
  const under = (name: string, path: string, roots: readonly string[], detail: string): FieldError[] => {
    const mistakes = mistakesOfPath(`${field}.${name}`, path)
    if (mistakes.length > 0 || roots.some((root) => path.startsWith(root))) return mistakes
    return [invalid(`${field}.${name}`, path, detail)]
  }
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale
  const either = "should be a json path under either .spec or .status"
  return [
    ...under("specReplicasPath", specReplicasPath, [".spec."], "should be a json path under .spec"),
    ...under("statusReplicasPath", statusReplicasPath, [".status."], "should be a json path under .status"),
    ...(labelSelectorPath ? under("labelSelectorPath", labelSelectorPath, [".spec.", ".status."], either) : []),
  ]
}

function mistakesOfSelectable({ selectableFields = [], schema }: Version, at: string): FieldError[] {
  const field = `${at}.selectableFields`
  const mistakes: FieldError[] = []
  if (selectableFields.length > selectableFieldsMax) {
    const detail = `must have at most ${selectableFieldsMax} items`
    mistakes.push({ type: "TooMany", field, value: selectableFields.length, detail })
  }
  const seen = new Set<string>()
  for (const [index, { jsonPath }] of selectableFields.entries()) {
    const path = `${field}[${index}].jsonPath`
    if (jsonPath === "") mistakes.push(required(path))
    else if (seen.has(jsonPath)) mistakes.push({ type: "Duplicate", field: path, value: jsonPath, detail: "" })
    else {
      const wrong = selectableMistake(jsonPath, (schema?.openAPIV3Schema ?? {}) as JsonSchema)
      if (wrong !== undefined) mistakes.push(invalid(path, jsonPath, wrong))
    }
    seen.add(jsonPath)
  }
  return mistakes
}

function selectableMistake(path: string, schema: JsonSchema): string | undefined {
  if (!path.startsWith(".")) return "is an invalid path: must start with ."
  const parts = pathParts(path)
  if (parts[0] === "metadata") return "must not point to fields in metadata"
  let at: JsonSchema | undefined = schema
  for (const part of parts) at = at?.properties?.[part]
  if (at === undefined) return "is an invalid path: does not refer to a valid field"
  if (typeof at.type === "string" && selectableTypes.includes(at.type)) return undefined
  return "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."
}

/** How versions are converted, in so far as that is wrong by itself. */
export function mistakesOfConversion({ conversion, preserveUnknownFields }: Definition["spec"]): FieldError[] {
  const field = "spec.conversion"
  const mistakes: FieldError[] = []
  if (preserveUnknownFields === true) mistakes.push(invalid("spec.preserveUnknownFields", true, "must be false"))
  const { strategy, webhook } = conversion
  if (strategy === "None") {
    if (!webhook) return mistakes
    const detail = "should not be set when strategy is not set to Webhook"
    return [...mistakes, { type: "Forbidden", field: `${field}.webhookClientConfig`, detail }]
  }
  const { clientConfig, conversionReviewVersions = [] } = webhook ?? {}
  if (!clientConfig) {
    const detail = "required when strategy is set to Webhook"
    mistakes.push({ type: "Required", field: `${field}.webhookClientConfig`, detail })
  } else if ((clientConfig.url === undefined) === (clientConfig.service === undefined)) {
    const detail = "exactly one of url or service is required"
    mistakes.push({ type: "Required", field: `${field}.webhookClientConfig`, detail })
  }
  const versions = `${field}.conversionReviewVersions`
  if (conversionReviewVersions.length === 0) mistakes.push(required(versions))
  else if (!conversionReviewVersions.some((each) => each === "v1" || each === "v1beta1")) {
    mistakes.push(invalid(versions, conversionReviewVersions, "must include at least one of v1, v1beta1"))
  }
  return mistakes
}

function mistakesOfPath(field: string, path: string): FieldError[] {
  if (path === "") return [required(field)]
  return path.startsWith(".") ? [] : [invalid(field, path, "must be a simple json path starting with .")]
}

function required(field: string): FieldError {
  return { type: "Required", field, detail: "" }
}

function invalid(field: string, value: unknown, detail: string): FieldError {
  return { type: "Invalid", field, value, detail }
}
