import type { Service } from "@wick/sdk/api/core/service"
import type { NewOf } from "@wick/sdk/api/kind"
import type { ServerlessService } from "@wick/sdk/api/networking-internal/serverless-service"
import { childName } from "../../../child-name.ts"
import { labels } from "../../../labels.ts"
import { ownedBy } from "../../../owner.ts"
import { userPort } from "../backing.ts"
import { serviceLabel, typeLabel } from "../labels.ts"

export type NewService = NewOf<typeof Service> & { readonly metadata: { readonly name: string } }

const protocol = "TCP"
/** Where containers tell Prometheus of themselves by convention. */
const userMetrics = { name: "http-usermetric", port: 9091 }

export const privateServiceName = (name: string): string => childName(name, "-private")

/** `http`, or `http2` where the pods speak that. */
export function portName({ spec }: ServerlessService): string {
  return spec.protocolType === "h2c" ? "http2" : "http"
}

/** Clients that know HTTP/2 without TLS look for it at a port of its own. */
function portNumber({ spec }: ServerlessService): number {
  return spec.protocolType === "h2c" ? 81 : 80
}

export function childMetadata(service: ServerlessService, type: "Public" | "Private", name: string) {
  const { metadata } = service
  return {
    name,
    namespace: metadata.namespace ?? "",
    labels: { ...metadata.labels, [serviceLabel]: metadata.name, [typeLabel]: type },
    ownerReferences: [ownedBy(service)],
  }
}

/** Where callers call. It has no selector: who answers is written into its endpoints. */
export function publicService(service: ServerlessService): NewService {
  const port = portNumber(service)
  const name = portName(service)
  return {
    metadata: childMetadata(service, "Public", service.metadata.name),
    spec: { ports: [{ name, protocol, port, targetPort: port }] },
  } as unknown as NewService
}

/** The pods alone. */
export function privateService(service: ServerlessService): NewService {
  const uid = service.metadata.labels?.[labels.revisionUid] ?? ""
  return {
    metadata: childMetadata(service, "Private", privateServiceName(service.metadata.name)),
    spec: {
      ports: [
        { name: portName(service), protocol, port: 80, targetPort: userPort },
        { ...userMetrics, protocol, targetPort: userMetrics.port },
      ],
      selector: { [labels.revisionUid]: uid },
    },
  } as unknown as NewService
}
