import { builtinKinds } from "@wick/sdk/api"
import type { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import type { KindOf } from "@wick/sdk/api/kind"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { checkStructural } from "@wick/sdk/api/structural"
import type { Strategy } from "./strategy.ts"
import { mistakesOfConversion, mistakesOfVersion } from "./version-mistakes.ts"

type Definition = KindOf<typeof CustomResourceDefinition>
type Version = Definition["spec"]["versions"][number]

const label = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const labelDetail = "must be a DNS-1035 label: lower case letters, digits and -, starting with a letter"

/**
 * A definition takes effect for everybody at once, so what could not be served, or would stand in for a kind of the
 * server itself, is refused while its author is looking.
 */
export const customResourceDefinitions: Strategy = {
  prepareCreate: (object) => {
    // Whoever writes a definition says what is wanted; how it stands is found out here.
    object.status = { storedVersions: [] }
    fillNames(object as unknown as Definition)
    noteStoredVersion(object as unknown as Definition)
  },
  prepareUpdate: (object) => {
    fillNames(object as unknown as Definition)
    noteStoredVersion(object as unknown as Definition)
  },
  validateStatus: (object) => mistakesOfStoredVersions(object as unknown as Definition),
  validate: (object, old) => {
    const definition = object as unknown as Definition
    const { versions } = definition.spec
    return [
      ...mistakesOfNames(definition),
      ...mistakesOfApproval(definition),
      ...mistakesOfChange(definition, old as unknown as Definition | undefined),
      ...mistakesOfVersions(versions),
      ...mistakesOfDeprecation(versions),
      ...mistakesOfConversion(definition.spec),
      ...(old && definition.status ? mistakesOfStoredVersions(definition) : []),
      ...versions.flatMap((version, index) => [
        ...mistakesOfSchema(version, `spec.versions[${index}]`),
        ...mistakesOfVersion(version, `spec.versions[${index}]`),
      ]),
    ]
  },
}

function mistakesOfNames({ metadata, spec }: Definition): FieldError[] {
  const { group, names } = spec
  const mistakes: FieldError[] = []
  const expected = `${names.plural}.${group}`
  if (metadata.name !== expected) {
    mistakes.push(invalid("metadata.name", metadata.name, `must be spec.names.plural+"."+spec.group`))
  }
  if (!group.includes(".")) mistakes.push(invalid("spec.group", group, "should be a domain with at least one dot"))
  if (!label.test(names.plural)) mistakes.push(invalid("spec.names.plural", names.plural, labelDetail))
  if (!label.test(names.kind.toLowerCase())) mistakes.push(invalid("spec.names.kind", names.kind, labelDetail))
  if (builtinKinds.some((kind) => kind.group === group && kind.plural === names.plural)) {
    mistakes.push(invalid("spec.names.plural", names.plural, "is a resource of the server itself"))
  }
  return mistakes
}

const approval = "api-approved.kubernetes.io"

/** Groups of Kubernetes' own are not to be made up. */
function mistakesOfApproval({ metadata, spec }: Definition): FieldError[] {
  if (!/\.(k8s|kubernetes)\.io$/.test(spec.group)) return []
  const field = `metadata.annotations[${approval}]`
  const text = metadata.annotations?.[approval] ?? ""
  const source = "see https://github.com/kubernetes/enhancements/pull/1111"
  if (text === "") {
    const detail = `protected groups must have approval annotation "${approval}", ${source}`
    return [{ type: "Required", field, detail }]
  }
  if (text.startsWith("unapproved") || URL.canParse(text)) return []
  const detail = `protected groups must have approval annotation "${approval}" with either a URL or a reason starting with "unapproved", ${source}`
  return [invalid(field, text, detail)]
}

/** Objects are stored under these: another name would leave them behind. */
function mistakesOfChange({ spec }: Definition, old: Definition | undefined): FieldError[] {
  if (old === undefined) return []
  const detail = "field is immutable"
  const isEstablished = old.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True")
  return [
    ...(spec.names.kind === old.spec.names.kind || !isEstablished
      ? []
      : [invalid("spec.names.kind", spec.names.kind, detail)]),
    ...(spec.group === old.spec.group ? [] : [invalid("spec.group", spec.group, detail)]),
    ...(spec.scope === old.spec.scope ? [] : [invalid("spec.scope", spec.scope, detail)]),
    ...(spec.names.plural === old.spec.names.plural ? [] : [invalid("spec.names.plural", spec.names.plural, detail)]),
  ]
}

function mistakesOfVersions(versions: readonly Version[]): FieldError[] {
  const mistakes: FieldError[] = []
  const field = "spec.versions"
  const names = versions.map(({ name }) => name)
  if (new Set(names).size < names.length) mistakes.push(invalid(field, names, "must contain unique version names"))
  if (versions.filter(({ storage }) => storage).length !== 1) {
    mistakes.push(invalid(field, names, "must have exactly one version marked as storage version"))
  }
  return mistakes
}

function mistakesOfDeprecation(versions: readonly Version[]): FieldError[] {
  return versions.flatMap(({ deprecated, deprecationWarning }, index) => {
    if (deprecationWarning === undefined || deprecated === true) return []
    const detail = "can only be set for deprecated versions"
    return [invalid(`spec.versions[${index}].deprecationWarning`, deprecationWarning, detail)]
  })
}

function fillNames({ spec: { names } }: Definition): void {
  names.singular ||= names.kind.toLowerCase()
  names.listKind ||= `${names.kind}List`
}

/** A version stays in the list of those that objects may be stored in until whoever has moved them all takes it out. */
function noteStoredVersion({ spec, status }: Definition): void {
  const stored = spec.versions?.find(({ storage }) => storage)?.name
  const known = status?.storedVersions ?? []
  if (status && stored !== undefined && !known.includes(stored)) status.storedVersions = [...known, stored]
}

function mistakesOfStoredVersions({ spec, status }: Definition): FieldError[] {
  const field = "status.storedVersions"
  const stored = status?.storedVersions ?? []
  if (stored.length === 0) return [invalid(field, stored, "must have at least one storage version")]
  const mistakes = stored.flatMap((name, index) => {
    if (spec.versions.some((version) => version.name === name)) return []
    const detail = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`
    return [invalid(`${field}[${index}]`, name, detail)]
  })
  const storage = spec.versions.find((version) => version.storage)?.name
  if (storage === undefined || stored.includes(storage)) return mistakes
  return [...mistakes, invalid(field, stored, `must have the storage version ${storage}`)]
}

function mistakesOfSchema({ name, schema }: Version, at: string): FieldError[] {
  const named = label.test(name) ? [] : [invalid(`${at}.name`, name, labelDetail)]
  const field = `${at}.schema.openAPIV3Schema`
  if (schema?.openAPIV3Schema === undefined) {
    return [...named, { type: "Required", field, detail: "schemas are required" }]
  }
  return [...named, ...checkStructural(schema.openAPIV3Schema, field)]
}

function invalid(field: string, value: unknown, detail: string): FieldError {
  return { type: "Invalid", field, value, detail }
}
