import { X509Certificate } from "node:crypto"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import type { JwtConfiguration } from "./configuration.ts"

const authenticatorsMax = 64

const required = (field: string, detail: string): FieldError => ({ type: "Required", field, detail })
const invalid = (field: string, value: unknown, detail: string): FieldError => ({
  type: "Invalid",
  field,
  value,
  detail,
})
const duplicate = (field: string, value: unknown): FieldError => ({ type: "Duplicate", field, value, detail: "" })

/** Everything that is wrong with the authenticators, but for their expressions. `ownIssuers`: those of this server. */
export function validateAuthenticators(jwt: readonly JwtConfiguration[], ownIssuers: readonly string[]): FieldError[] {
  const errors: FieldError[] = []
  if (jwt.length > authenticatorsMax) {
    errors.push({
      type: "TooMany",
      field: "jwt",
      value: jwt.length,
      detail: `must have at most ${authenticatorsMax} items`,
    })
  }
  jwt.forEach((one, at) => {
    const path = `jwt[${at}]`
    const before = jwt.slice(0, at)
    errors.push(...issuerErrors(one.issuer, `${path}.issuer`, ownIssuers))
    if (before.some(({ issuer }) => issuer.url === one.issuer.url)) {
      errors.push(duplicate(`${path}.issuer.url`, one.issuer.url))
    }
    const { discoveryURL } = one.issuer
    if (discoveryURL !== "" && before.some(({ issuer }) => issuer.discoveryURL === discoveryURL)) {
      errors.push(duplicate(`${path}.issuer.discoveryURL`, discoveryURL))
    }
    errors.push(...ruleErrors(one, path), ...mappingErrors(one, `${path}.claimMappings`))
  })
  return errors
}

function issuerErrors(issuer: JwtConfiguration["issuer"], path: string, ownIssuers: readonly string[]): FieldError[] {
  const { url, discoveryURL, audiences, audienceMatchPolicy, certificateAuthority } = issuer
  const errors = url === "" ? [required(`${path}.url`, "URL is required")] : urlErrors(url, `${path}.url`)
  if (ownIssuers.includes(url)) {
    errors.push(invalid(`${path}.url`, url, `URL must not overlap with disallowed issuers: [${ownIssuers.join(" ")}]`))
  }
  if (discoveryURL !== "") {
    errors.push(...urlErrors(discoveryURL, `${path}.discoveryURL`))
    if (discoveryURL.replace(/\/$/, "") === url.replace(/\/$/, "")) {
      errors.push(invalid(`${path}.discoveryURL`, discoveryURL, "discoveryURL must be different from URL"))
    }
  }
  if (audiences.length === 0) errors.push(required(`${path}.audiences`, `at least one ${path}.audiences is required`))
  audiences.forEach((audience, at) => {
    const field = `${path}.audiences[${at}]`
    if (audience === "") errors.push(required(field, "audience is required"))
    if (audiences.indexOf(audience) < at) errors.push(duplicate(field, audience))
  })
  if (audiences.length > 1 && audienceMatchPolicy !== "MatchAny") {
    const detail = "audienceMatchPolicy must be MatchAny for multiple audiences"
    errors.push(invalid(`${path}.audienceMatchPolicy`, audienceMatchPolicy, detail))
  }
  if (audiences.length === 1 && !["", "MatchAny"].includes(audienceMatchPolicy)) {
    const detail = "audienceMatchPolicy must be empty or MatchAny for single audience"
    errors.push(invalid(`${path}.audienceMatchPolicy`, audienceMatchPolicy, detail))
  }
  if (certificateAuthority !== "" && !isCertificate(certificateAuthority)) {
    const detail = "data does not contain any valid RSA or ECDSA certificates"
    errors.push(invalid(`${path}.certificateAuthority`, "<omitted>", detail))
  }
  return errors
}

function urlErrors(text: string, field: string): FieldError[] {
  if (!URL.canParse(text)) return [invalid(field, text, "URL must be a valid URL")]
  const { protocol, username, password, search, hash } = new URL(text)
  return [
    ...(protocol === "https:" ? [] : [invalid(field, text, "URL scheme must be https")]),
    ...(username || password ? [invalid(field, text, "URL must not contain a username or password")] : []),
    ...(search ? [invalid(field, text, "URL must not contain a query")] : []),
    ...(hash ? [invalid(field, text, "URL must not contain a fragment")] : []),
  ]
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem)
    return true
  } catch {
    return false
  }
}

function ruleErrors({ claimValidationRules, userValidationRules }: JwtConfiguration, path: string): FieldError[] {
  const errors: FieldError[] = []
  claimValidationRules.forEach((rule, at) => {
    const field = `${path}.claimValidationRules[${at}]`
    const { claim, expression, requiredValue, message } = rule
    const before = claimValidationRules.slice(0, at)
    if (claim === "" && expression === "") errors.push(required(field, "claim or expression is required"))
    if (claim !== "" && expression !== "") errors.push(invalid(field, claim, "claim and expression can't both be set"))
    if (claim !== "" && message !== "") {
      errors.push(invalid(`${field}.message`, message, "message can't be set when claim is set"))
    }
    if (expression !== "" && requiredValue !== "") {
      const detail = "requiredValue can't be set when expression is set"
      errors.push(invalid(`${field}.requiredValue`, requiredValue, detail))
    }
    if (claim !== "" && before.some((other) => other.claim === claim)) errors.push(duplicate(`${field}.claim`, claim))
    if (expression !== "" && before.some((other) => other.expression === expression)) {
      errors.push(duplicate(`${field}.expression`, expression))
    }
  })
  userValidationRules.forEach(({ expression }, at) => {
    const field = `${path}.userValidationRules[${at}].expression`
    if (expression === "") errors.push(required(field, "expression is required"))
    else if (userValidationRules.findIndex((other) => other.expression === expression) < at) {
      errors.push(duplicate(field, expression))
    }
  })
  return errors
}

function mappingErrors(jwt: JwtConfiguration, path: string): FieldError[] {
  const { username, groups, uid, extra } = jwt.claimMappings
  const errors: FieldError[] = []
  if (username.claim === "" && username.expression === "") {
    errors.push(required(`${path}.username`, "claim or expression is required"))
  }
  for (const [name, mapping] of Object.entries({ username, groups })) {
    errors.push(...bothErrors(mapping, `${path}.${name}`))
    const field = `${path}.${name}.prefix`
    if (mapping.claim !== "" && mapping.prefix === undefined) {
      const detail = "prefix is required when claim is set. It can be set to an empty string to disable prefixing"
      errors.push(required(field, detail))
    }
    if (mapping.expression !== "" && mapping.prefix) {
      errors.push(invalid(field, mapping.prefix, "prefix can't be set when expression is set"))
    }
  }
  errors.push(...bothErrors(uid, `${path}.uid`), ...emailErrors(jwt, path))
  extra.forEach(({ key, valueExpression }, at) => {
    const field = `${path}.extra[${at}]`
    errors.push(...extraKeyErrors(key, `${field}.key`))
    if (extra.findIndex((other) => other.key === key) < at) errors.push(duplicate(`${field}.key`, key))
    if (valueExpression === "") errors.push(required(`${field}.valueExpression`, "valueExpression is required"))
  })
  return errors
}

function bothErrors(mapping: { claim: string; expression: string }, field: string): FieldError[] {
  if (mapping.claim === "" || mapping.expression === "") return []
  return [invalid(field, mapping.claim, "claim and expression can't both be set")]
}

/** An address that its owner never confirmed could be anybody's: an expression that reads it must say what of that. */
function emailErrors({ claimMappings, claimValidationRules }: JwtConfiguration, path: string): FieldError[] {
  const { username, extra } = claimMappings
  if (!/\bclaims\s*\.\s*\??email\b/.test(username.expression)) return []
  const expressions = [username.expression, ...extra.map((each) => each.valueExpression)]
  const all = [...expressions, ...claimValidationRules.map(({ expression }) => expression)]
  if (all.some((each) => /\bclaims\s*\.\s*\??email_verified\b/.test(each))) return []
  const detail =
    "claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression"
  return [invalid(`${path}.username.expression`, username.expression, detail)]
}

/** `example.com/team`: a domain, which is not Kubernetes' own, and a path. */
function extraKeyErrors(key: string, field: string): FieldError[] {
  if (key === "") return [required(field, "key is required")]
  const [domain = "", ...path] = key.split("/")
  const errors: FieldError[] = []
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/i.test(domain) || path.join("/") === "") {
    errors.push(invalid(field, key, 'must be a domain-prefixed path (such as "acme.io/foo")'))
  }
  if (key !== key.toLowerCase()) errors.push(invalid(field, key, "key must be lowercase"))
  if (["k8s.io", "kubernetes.io"].some((own) => domain === own || domain.endsWith(`.${own}`))) {
    const detail = "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use"
    errors.push(invalid(field, key, detail))
  }
  return errors
}
