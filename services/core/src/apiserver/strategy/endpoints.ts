import type { Endpoints } from "@wick/sdk/api/core/endpoints"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { each, invalid, oneOf, portNumber, required } from "./mistake.ts"
import { dnsLabel, dnsSubdomain, ipAddress, qualifiedName } from "./name-format.ts"
import type { Strategy } from "./strategy.ts"

type Subset = NonNullable<Endpoints["subsets"]>[number]
type Address = NonNullable<Subset["addresses"]>[number]

/** Addresses that no other machine can mean. Those of the own machine are let through: a cluster may be one machine. */
const special: readonly (readonly [RegExp, string])[] = [
  [/^(0\.0\.0\.0|::)$/, "may not be unspecified (0.0.0.0 or ::)"],
  [/^(169\.254\.|fe[89ab])/i, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"],
  [/^(224\.0\.0\.|ff02:)/i, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"],
]

export const endpoints: Strategy = {
  validate(object) {
    const { subsets } = object as unknown as Endpoints
    return each("subsets", subsets, ({ addresses = [], notReadyAddresses = [], ports = [] }, at) => [
      ...(addresses.length + notReadyAddresses.length === 0
        ? [required(at, "must specify `addresses` or `notReadyAddresses`")]
        : []),
      ...each(`${at}.addresses`, addresses, addressMistakes),
      ...each(`${at}.notReadyAddresses`, notReadyAddresses, addressMistakes),
      ...each(`${at}.ports`, ports, ({ name = "", port, protocol, appProtocol }, place) => [
        ...(name === "" && ports.length > 1 ? [required(`${place}.name`)] : []),
        ...(name === "" ? [] : dnsLabel(`${place}.name`, name)),
        ...portNumber(`${place}.port`, port),
        ...oneOf(`${place}.protocol`, protocol, ["SCTP", "TCP", "UDP"]),
        ...(appProtocol ? qualifiedName(`${place}.appProtocol`, appProtocol) : []),
      ]),
    ])
  },
}

function addressMistakes({ ip, hostname, nodeName }: Address, at: string): FieldError[] {
  const wrong = special.find(([pattern]) => pattern.test(ip))
  return [
    ...ipAddress(`${at}.ip`, ip),
    ...(hostname ? dnsLabel(`${at}.hostname`, hostname) : []),
    ...(nodeName ? dnsSubdomain(`${at}.nodeName`, nodeName) : []),
    ...(wrong ? [invalid(`${at}.ip`, ip, wrong[1])] : []),
  ]
}
