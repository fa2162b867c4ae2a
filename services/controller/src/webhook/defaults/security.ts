export interface SecurityFields extends Record<string, unknown> {
  allowPrivilegeEscalation?: boolean
  capabilities?: { add?: string[]; drop?: string[] }
  runAsNonRoot?: boolean
  seccompProfile?: { type?: string }
}

interface Container {
  readonly ports?: readonly { readonly containerPort?: number }[]
  readonly securityContext?: SecurityFields
}

/** Ports below need a power of root. */
const firstOpenPort = 1024

/** What a container may do where it does not say: as little as it can, in two degrees. Undefined: nothing is added. */
export function securityDefaults(
  pod: SecurityFields | undefined,
  { ports = [], securityContext: own = {} }: Container,
  degree: "Enabled" | "AllowRootBounded" | "Disabled",
): SecurityFields | undefined {
  if (degree === "Disabled") return undefined
  const needsLowPort = ports.some(({ containerPort = firstOpenPort }) => containerPort < firstOpenPort)
  const capabilities = own.capabilities ?? { drop: ["ALL"], ...(needsLowPort && { add: ["NET_BIND_SERVICE"] }) }
  const seccompProfile = own.seccompProfile?.type
    ? own.seccompProfile
    : { ...own.seccompProfile, type: "RuntimeDefault" }
  const isOpen = own.runAsNonRoot === undefined && pod?.runAsNonRoot === undefined
  return {
    ...own,
    allowPrivilegeEscalation: own.allowPrivilegeEscalation ?? false,
    ...(pod?.seccompProfile?.type ? {} : { seccompProfile }),
    capabilities,
    ...(isOpen && degree === "Enabled" && { runAsNonRoot: true }),
  }
}
