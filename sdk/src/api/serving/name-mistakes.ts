/** What Kubernetes says of names that are none. */

const labelRegex = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
const dns1035Regex = "[a-z]([-a-z0-9]*[a-z0-9])?"
const subdomainRegex = `${labelRegex}(\\.${labelRegex})*`
const identifierRegex = "[A-Za-z_][A-Za-z0-9_]*"
const qualifiedRegex = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
const labelMax = 63
const subdomainMax = 253

const complaints = {
  dns1035: `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '${dns1035Regex}')`,
  label: `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${labelRegex}')`,
  subdomain: `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomainRegex}')`,
  identifier: `a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '${identifierRegex}')`,
  qualified: `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualifiedRegex}')`,
}

function rule(regex: string, most: number, complaint: string): (name: string) => string[] {
  const whole = new RegExp(`^(?:${regex})$`)
  return (name) => [
    ...(name.length > most ? [`must be no more than ${most} characters`] : []),
    ...(whole.test(name) ? [] : [complaint]),
  ]
}

export const dns1035Mistakes = rule(dns1035Regex, labelMax, complaints.dns1035)
export const dnsLabelMistakes = rule(labelRegex, labelMax, complaints.label)
export const subdomainMistakes = rule(subdomainRegex, subdomainMax, complaints.subdomain)
export const identifierMistakes = rule(identifierRegex, Number.MAX_SAFE_INTEGER, complaints.identifier)
const namePartMistakes = rule(qualifiedRegex, labelMax, complaints.qualified)

/** `prefix/name`, the prefix a DNS subdomain. */
export function qualifiedNameMistakes(name: string): string[] {
  const slash = name.indexOf("/")
  if (slash === 0) return ["prefix part must be non-empty"]
  const prefix = slash < 0 ? [] : subdomainMistakes(name.slice(0, slash)).map((text) => `prefix part ${text}`)
  return [...prefix, ...namePartMistakes(name.slice(slash + 1))]
}

/** A name that will be completed may end in a hyphen. */
export function dns1035PrefixMistakes(prefix: string): string[] {
  return dns1035Mistakes(prefix.replace(/-$/, "a"))
}

/** A domain name of at least two labels. */
export function domainNameMistakes(name: string): string[] {
  if (name === "") return ["name: Required value"]
  const judged = name.replace(/\.$/, "")
  const invalid = (why: string): string => `name: Invalid value: ${JSON.stringify(judged)}: ${why}`
  const mistakes = subdomainMistakes(judged)
  if (mistakes.length > 0) return [invalid(mistakes.join(","))]
  const labels = judged.split(".")
  if (labels.length < 2) return [invalid("should be a domain with at least two segments separated by dots")]
  return labels.flatMap(dnsLabelMistakes).map(invalid)
}
