import type { AnyObject } from "@wick/sdk/api/kind"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import type { ServedResource } from "./served-resource.ts"

const nameMax = 253
const labelMax = 63
const annotationsBytesMax = 256 * 1024
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const dnsLabel = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const qualifiedName = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)$/
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/
const pathSegment = /^(?!\.\.?$)[^/%]+$/

const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const valueText =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
const keyText =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

/** Kinds whose names become DNS labels, and those whose names may be nearly anything. */
const labelNames = new Set(["namespaces", "services"])
const freeNames = new Set(["roles", "clusterroles", "rolebindings", "clusterrolebindings"])

export function validateMeta(resource: ServedResource, { metadata }: AnyObject): FieldError[] {
  return [
    ...nameMistakes(resource, metadata.name ?? ""),
    ...labelMistakes(metadata.labels ?? {}),
    ...annotationMistakes(metadata.annotations ?? {}),
  ]
}

function nameMistakes({ plural, group }: ServedResource, name: string): FieldError[] {
  const field = "metadata.name"
  if (name === "") return [{ type: "Required", field, detail: "name or generateName is required" }]
  if (freeNames.has(plural))
    return pathSegment.test(name)
      ? []
      : [{ type: "Invalid", field, value: name, detail: "may not be '.' or '..' or contain '/' or '%'" }]
  if (group === "" && labelNames.has(plural)) {
    if (name.length > labelMax)
      return [{ type: "Invalid", field, value: name, detail: `must be no more than ${labelMax} characters` }]
    return dnsLabel.test(name) ? [] : [{ type: "Invalid", field, value: name, detail: labelText }]
  }
  if (name.length > nameMax)
    return [{ type: "Invalid", field, value: name, detail: `must be no more than ${nameMax} characters` }]
  return subdomain.test(name) ? [] : [{ type: "Invalid", field, value: name, detail: subdomainText }]
}

function labelMistakes(labels: Readonly<Record<string, unknown>>): FieldError[] {
  return Object.entries(labels).flatMap(([key, value]): FieldError[] => {
    const wrongKey = keyMistakes("metadata.labels", key)
    const text = String(value)
    if (text.length > labelMax) {
      return [
        ...wrongKey,
        {
          type: "Invalid",
          field: "metadata.labels",
          value: text,
          detail: `must be no more than ${labelMax} characters`,
        },
      ]
    }
    return labelValue.test(text)
      ? wrongKey
      : [...wrongKey, { type: "Invalid", field: "metadata.labels", value: text, detail: valueText }]
  })
}

function annotationMistakes(annotations: Readonly<Record<string, unknown>>): FieldError[] {
  const field = "metadata.annotations"
  const bytes = Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + String(value).length, 0)
  const tooLong: FieldError[] =
    bytes > annotationsBytesMax
      ? [{ type: "TooLong", field, detail: `may not be more than ${annotationsBytesMax} bytes` }]
      : []
  return [...tooLong, ...Object.keys(annotations).flatMap((key) => keyMistakes(field, key.toLowerCase()))]
}

/** `prefix/name`: the prefix a DNS subdomain, the name at most 63 characters. */
function keyMistakes(field: string, key: string): FieldError[] {
  const slash = key.indexOf("/")
  const prefix = slash < 0 ? undefined : key.slice(0, slash)
  const name = key.slice(slash + 1)
  if (name.length > labelMax)
    return [{ type: "Invalid", field, value: key, detail: `name part must be no more than ${labelMax} characters` }]
  if (!qualifiedName.test(name)) return [{ type: "Invalid", field, value: key, detail: keyText }]
  if (prefix !== undefined && !subdomain.test(prefix))
    return [{ type: "Invalid", field, value: key, detail: `prefix part ${subdomainText}` }]
  return []
}
