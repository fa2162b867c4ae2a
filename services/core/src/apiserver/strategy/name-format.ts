import { isIP } from "node:net"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { invalid } from "./mistake.ts"

/** Formats of names and values, and what Kubernetes says of one that is wrong. */
export const labelMax = 63
export const subdomainMax = 253
const portNameMax = 15

const subdomainRegex = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
const labelRegex = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
const qualifiedRegex = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
const keyRegex = "[-._a-zA-Z0-9]+"
const headerRegex = "[-A-Za-z0-9]+"

const text = {
  subdomain: `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomainRegex}')`,
  label: `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${labelRegex}')`,
  key: `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualifiedRegex}')`,
  value: `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${qualifiedRegex})?')`,
  configKey: `a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '${keyRegex}')`,
  header: `a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '${headerRegex}')`,
  variable: "a valid environment variable name must consist only of printable ASCII characters other than '='",
  ip: "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
}
const tooLong = (most: number): string => `must be no more than ${most} characters`

function format(regex: string, most: number, detail: string): (field: string, value: string) => FieldError[] {
  const whole = new RegExp(`^(?:${regex})$`)
  return (field, value) => {
    const mistakes = value.length > most ? [invalid(field, value, tooLong(most))] : []
    if (!whole.test(value)) mistakes.push(invalid(field, value, detail))
    return mistakes
  }
}

export const dnsLabel = format(labelRegex, labelMax, text.label)
export const dnsSubdomain = format(subdomainRegex, subdomainMax, text.subdomain)
export const labelValue = format(`(${qualifiedRegex})?`, labelMax, text.value)
export const configKey = format(keyRegex, subdomainMax, text.configKey)
export const headerName = format(headerRegex, Number.POSITIVE_INFINITY, text.header)
export const variableName = format("[ -<>-~]+", Number.POSITIVE_INFINITY, text.variable)

const keyName = format(qualifiedRegex, labelMax, text.key)

/** `prefix/name`, the prefix a DNS subdomain: keys of labels, taints and conditions. */
export function qualifiedName(field: string, value: string): FieldError[] {
  const slash = value.indexOf("/")
  const mistakes: FieldError[] = []
  if (slash >= 0) {
    for (const { detail } of dnsSubdomain(field, value.slice(0, slash)))
      mistakes.push(invalid(field, value, `prefix part ${detail}`))
  }
  for (const { detail } of keyName(field, value.slice(slash + 1)))
    mistakes.push(invalid(field, value, detail === tooLong(labelMax) ? `name part ${detail}` : detail))
  return mistakes
}

/** Names of ports: at most 15 of a-z, 0-9 and single hyphens inside, with a letter. */
export function portName(field: string, value: string): FieldError[] {
  const details = [
    value.length > portNameMax && tooLong(portNameMax),
    !/^[-a-z0-9]+$/.test(value) && "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
    !/[a-z]/.test(value) && "must contain at least one letter (a-z)",
    value.includes("--") && "must not contain consecutive hyphens",
    /^-|-$/.test(value) && "must not begin or end with a hyphen",
  ]
  return details.flatMap((detail) => (detail ? [invalid(field, value, detail)] : []))
}

export function ipAddress(field: string, value: string | undefined): FieldError[] {
  return isIP(value ?? "") === 0 ? [invalid(field, value ?? "", text.ip)] : []
}

export function labelsMistakes(field: string, labels: Readonly<Record<string, string>> | undefined): FieldError[] {
  const mistakes: FieldError[] = []
  for (const key in labels) mistakes.push(...qualifiedName(field, key), ...labelValue(field, labels[key] ?? ""))
  return mistakes
}
