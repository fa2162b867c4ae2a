import type { Challenge } from "../reconcilers/certificate/issuer.ts"
import { type AcmeOrder, type Authorization, told } from "./messages.ts"

export interface Observed {
  readonly order: AcmeOrder
  /** As far as the order still waits for them. */
  readonly authorizations: readonly Authorization[]
  readonly thumbprint: string
  /** URLs of challenges that the authority has been told of. */
  readonly begun: ReadonlySet<string>
  /** Whether every gateway answers a challenge. */
  isServed(challenge: Challenge): boolean
}

/** What an order needs next, in the order in which it goes through them. */
export type Step =
  /** The gateways do not answer all of these yet. */
  | { readonly kind: "publish"; readonly challenges: readonly Challenge[] }
  /** The authority may look: at these of its URLs. */
  | { readonly kind: "begin"; readonly urls: readonly string[]; readonly challenges: readonly Challenge[] }
  /** The authority looks, or signs. */
  | { readonly kind: "wait"; readonly challenges: readonly Challenge[] }
  /** Every name is proven: the key is to be shown. */
  | { readonly kind: "finalize" }
  | { readonly kind: "download"; readonly url: string }
  | { readonly kind: "fail"; readonly message: string }

/** States of an order: RFC 8555 §7.1.6. */
export function nextStep(observed: Observed): Step {
  const { order } = observed
  if (order.status === "pending") return prove(observed)
  if (order.status === "ready") return { kind: "finalize" }
  if (order.status === "processing") return { kind: "wait", challenges: [] }
  if (order.status === "valid" && order.certificate) return { kind: "download", url: order.certificate }
  return { kind: "fail", message: failure(observed) }
}

/** No name is begun before all are served: one that fails takes the whole order with it. */
function prove(observed: Observed): Step {
  const { authorizations, thumbprint, begun } = observed
  if (authorizations.some(({ status }) => status !== "pending" && status !== "valid")) {
    return { kind: "fail", message: failure(observed) }
  }
  const open = authorizations.filter(({ status }) => status === "pending")
  const asked = open.flatMap(({ identifier, challenges }) => {
    const found = challenges.find(({ type, token }) => type === "http-01" && token)
    if (!found) return []
    const url = `http://${identifier.value}/.well-known/acme-challenge/${found.token}`
    return [{ url: found.url, status: found.status, challenge: { url, response: `${found.token}.${thumbprint}` } }]
  })
  if (asked.length < open.length) {
    const names = open.map(({ identifier }) => identifier.value).join(", ")
    return { kind: "fail", message: `the authority does not take HTTP-01 as a proof for ${names}` }
  }
  const challenges = asked.map(({ challenge }) => challenge)
  if (!challenges.every((challenge) => observed.isServed(challenge))) return { kind: "publish", challenges }
  const urls = asked.filter(({ url, status }) => status === "pending" && !begun.has(url)).map(({ url }) => url)
  return urls.length > 0 ? { kind: "begin", urls, challenges } : { kind: "wait", challenges }
}

function failure({ order, authorizations }: Observed): string {
  const problems = authorizations.flatMap(({ identifier, status, challenges }) => {
    if (status === "pending" || status === "valid") return []
    const error = challenges.find((challenge) => challenge.error)?.error
    return [`${identifier.value}: ${error ? told(error) : `the authorization is ${status}`}`]
  })
  if (problems.length > 0) return problems.join("; ")
  return order.error ? told(order.error) : `the order is ${order.status}`
}
