import type { FieldError } from "@wick/sdk/api/meta/field-error"
import type { Ingress, IngressBackend } from "@wick/sdk/api/networking/ingress"
import type { IngressClass } from "@wick/sdk/api/networking/ingress-class"
import { jsonEqual } from "../patch/json-value.ts"
import { forgetStatus } from "./initial-status.ts"
import { each, forbidden, invalid, oneOf, portNumber, present, required, unsupported } from "./mistake.ts"
import { dnsLabel, dnsSubdomain, portName } from "./name-format.ts"
import type { Strategy } from "./strategy.ts"

const pathTypes = ["Exact", "ImplementationSpecific", "Prefix"]
const unsafePaths = ["//", "/./", "/../", "%2f", "%2F"]
const unsafeEnds = ["/..", "/."]
const controllerMax = 250

export const ingresses: Strategy = {
  prepareCreate: forgetStatus,
  validate(object) {
    const { spec = {} } = object as unknown as Ingress
    const hasRules = (spec.rules ?? []).length > 0
    return [
      ...(hasRules || spec.defaultBackend
        ? []
        : [invalid("spec", spec.rules ?? [], "either `defaultBackend` or `rules` must be specified")]),
      ...(spec.ingressClassName === undefined ? [] : dnsSubdomain("spec.ingressClassName", spec.ingressClassName)),
      ...(spec.defaultBackend ? backendMistakes("spec.defaultBackend", spec.defaultBackend) : []),
      ...each("spec.tls", spec.tls, ({ hosts, secretName }, at) => [
        ...each(`${at}.hosts`, hosts, (host, field) => hostMistakes(field, host)),
        ...(secretName ? dnsSubdomain(`${at}.secretName`, secretName) : []),
      ]),
      ...each("spec.rules", spec.rules, ({ host, http }, at) => [
        ...(host ? hostMistakes(`${at}.host`, host) : []),
        ...(http && http.paths.length === 0 ? [required(`${at}.http.paths`)] : []),
        ...each(`${at}.http.paths`, http?.paths, ({ path, pathType, backend }, field) => [
          ...pathMistakes(field, path ?? "", pathType),
          ...backendMistakes(`${field}.backend`, backend),
        ]),
      ]),
    ]
  },
}

function hostMistakes(field: string, host: string): FieldError[] {
  if (/^[\d.]+$/.test(host) || host.includes(":"))
    return [invalid(field, host, "must be a DNS name, not an IP address")]
  return dnsSubdomain(field, host.replace(/^\*\./, ""))
}

function pathMistakes(field: string, path: string, pathType: string): FieldError[] {
  if (!pathType) return [required(`${field}.pathType`, "pathType must be specified")]
  const known = oneOf(`${field}.pathType`, pathType, pathTypes)
  if (known.length > 0 || (pathType === "ImplementationSpecific" && path === "")) return known
  if (!path.startsWith("/")) return [invalid(`${field}.path`, path, "must be an absolute path")]
  if (pathType === "ImplementationSpecific") return []
  return [
    ...unsafePaths.filter((part) => path.includes(part)).map((part) => `must not contain '${part}'`),
    ...unsafeEnds.filter((end) => path.endsWith(end)).map((end) => `cannot end with '${end}'`),
  ].map((detail) => invalid(`${field}.path`, path, detail))
}

function backendMistakes(field: string, { service, resource }: IngressBackend): FieldError[] {
  if (service && resource) return [invalid(field, "", "cannot set both resource and service backends")]
  if (resource)
    return [...present(`${field}.resource.kind`, resource.kind), ...present(`${field}.resource.name`, resource.name)]
  if (!service) return [required(field, "port name or number is required")]
  const { name, number } = service.port ?? {}
  const at = `${field}.service`
  const port = `${at}.port`
  return [
    ...(service.name ? dnsLabel(`${at}.name`, service.name) : [required(`${at}.name`)]),
    ...(name && number ? [invalid(port, "", "cannot set both port name & port number")] : []),
    ...(!name && !number ? [required(port, "port name or number is required")] : []),
    ...(name ? portName(`${port}.name`, name) : []),
    ...(number ? portNumber(`${port}.number`, number) : []),
  ]
}

export const ingressClasses: Strategy = {
  validate(object, old) {
    const { spec = {} } = object as unknown as IngressClass
    const { controller = "", parameters } = spec
    const before = (old as unknown as IngressClass | undefined)?.spec
    return [
      ...(controller === "" && !before ? [required("spec.controller")] : []),
      ...(controller.length > controllerMax
        ? [
            {
              type: "TooLong" as const,
              field: "spec.controller",
              detail: `may not be more than ${controllerMax} bytes`,
            },
          ]
        : []),
      ...(controller !== "" && !/^[^/\s]+\/[^\s]+$/.test(controller)
        ? [invalid("spec.controller", controller, 'must be a domain-prefixed path (such as "acme.io/foo")')]
        : []),
      ...(before && !jsonEqual(before.controller ?? "", controller)
        ? [invalid("spec.controller", controller, "field is immutable")]
        : []),
      ...(parameters ? parameterMistakes(parameters) : []),
    ]
  },
}

const scopes = ["Cluster", "Namespace"]

function parameterMistakes({
  kind,
  name,
  scope,
  namespace,
}: NonNullable<NonNullable<IngressClass["spec"]>["parameters"]>): FieldError[] {
  const field = "spec.parameters"
  return [
    ...present(`${field}.kind`, kind),
    ...present(`${field}.name`, name),
    ...(scope === undefined || scopes.includes(scope) ? [] : [unsupported(`${field}.scope`, scope, scopes)]),
    ...(scope === "Namespace" && !namespace
      ? [required(`${field}.namespace`, "`parameters.scope` is set to 'Namespace'")]
      : []),
    ...(scope !== "Namespace" && namespace
      ? [forbidden(`${field}.namespace`, "`parameters.scope` is set to 'Cluster'")]
      : []),
  ]
}
