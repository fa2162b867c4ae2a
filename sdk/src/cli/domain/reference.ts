import { CommandError, exitCodes } from "../context.ts"

/** What a domain leads to. */
export interface DomainReference {
  readonly apiVersion: "serving.knative.dev/v1"
  readonly kind: "Service" | "Route"
  readonly name: string
  readonly namespace: string
}

const kinds: Readonly<Record<string, DomainReference["kind"]>> = {
  ksvc: "Service",
  service: "Service",
  kroute: "Route",
  route: "Route",
}

/** `hello` and `ksvc:hello` are functions, `kroute:hello` a Route; `ksvc:hello:shop` names the namespace. */
export function readReference(text: string, namespace: string): DomainReference {
  const [first = "", second, third, ...more] = text.split(":")
  const kind = second === undefined ? "Service" : kinds[first]
  const name = second ?? first
  if (!kind || name === "" || third === "" || more.length > 0) {
    throw new CommandError(`--ref ${text}: must be NAME, ksvc:NAME or kroute:NAME`, undefined, exitCodes.usage)
  }
  return { apiVersion: "serving.knative.dev/v1", kind, name, namespace: third ?? namespace }
}
