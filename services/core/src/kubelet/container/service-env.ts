import type { Service } from "@wick/sdk/api/core/service"

const apiNamespace = "default"
const apiName = "kubernetes"

/** Services where they are kept anyway: only those are looked at that are asked for. */
export interface KnownServices {
  get(name: string, namespace: string): Service | undefined
  list(namespace: string): readonly Service[]
}

/**
 * Pure: the variables by which containers find services without DNS, as Docker's links had them. The API's own service
 * is always there; those of the namespace only when the pod asks for links.
 */
export function serviceEnv(services: KnownServices, namespace: string, links: boolean): Map<string, string> {
  const api = services.get(apiName, apiNamespace)
  const linked = links ? services.list(namespace) : []
  return new Map([...(api ? [api] : []), ...linked].flatMap(variablesOf))
}

function variablesOf(service: Service): [string, string][] {
  const host = service.spec?.clusterIP
  const ports = service.spec?.ports ?? []
  const first = ports[0]
  if (!host || host === "None" || !first) return []
  const prefix = service.metadata.name.toUpperCase().replaceAll("-", "_")
  const variables: [string, string][] = [
    [`${prefix}_SERVICE_HOST`, host],
    [`${prefix}_SERVICE_PORT`, String(first.port)],
  ]
  for (const { name, port } of ports) {
    if (name) variables.push([`${prefix}_SERVICE_PORT_${name.toUpperCase().replaceAll("-", "_")}`, String(port)])
  }
  const url = (port: (typeof ports)[number]) => `${(port.protocol ?? "TCP").toLowerCase()}://${host}:${port.port}`
  variables.push([`${prefix}_PORT`, url(first)])
  for (const port of ports) {
    const protocol = port.protocol ?? "TCP"
    const link = `${prefix}_PORT_${port.port}_${protocol}`
    variables.push(
      [link, url(port)],
      [`${link}_PROTO`, protocol.toLowerCase()],
      [`${link}_PORT`, String(port.port)],
      [`${link}_ADDR`, host],
    )
  }
  return variables
}
