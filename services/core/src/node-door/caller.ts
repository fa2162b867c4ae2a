import type { IncomingMessage } from "node:http"
import { TokenReview } from "@wick/sdk/api/authentication/token-review"
import { SubjectAccessReview } from "@wick/sdk/api/authorization/subject-access-review"
import type { Client } from "@wick/sdk/client"
import type { Peer, UserInfo } from "#apiserver"

/** What a request to a node needs the right to: a verb on a part of the resource `nodes`. */
export interface NodeAction {
  readonly verb: string
  readonly subresource: string
}

const verbs: Readonly<Record<string, string>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
}
const parts: readonly (readonly [path: RegExp, subresource: string])[] = [
  [/^\/stats(\/|$)/, "stats"],
  [/^\/metrics(\/|$)/, "metrics"],
  [/^\/logs(\/|$)/, "log"],
]

/** Pure: as the kubelet's own rule has it, what is no figure and no log is the right to all of the node. */
export function nodeAction(method: string, path: string): NodeAction {
  const subresource = parts.find(([pattern]) => pattern.test(path))?.[1] ?? "proxy"
  return { verb: verbs[method] ?? method.toLowerCase(), subresource }
}

/** Who asks: by a certificate of the cluster's authority, or by a token that the API server knows; undefined: nobody. */
export async function callerOf(client: Client, authorization: string, peer: Peer): Promise<UserInfo | undefined> {
  const { certificate } = peer
  if (certificate.kind === "verified" && certificate.commonName !== "") {
    return { name: certificate.commonName, groups: [...certificate.organizations, "system:authenticated"] }
  }
  const [, token] = /^bearer +(\S+)\s*$/i.exec(authorization) ?? []
  if (token === undefined) return undefined
  const { status } = await client.create(TokenReview, { metadata: {}, spec: { token } })
  const { user } = status ?? {}
  if (!status?.authenticated || !user?.username) return undefined
  const { username: name, uid, groups = [], extra } = user
  return { name, groups, ...(uid && { uid }), ...(extra && { extra }) }
}

/** Whether the API server's policy lets somebody do it to the node. */
export async function mayDo(client: Client, user: UserInfo, action: NodeAction, node: string): Promise<boolean> {
  const { name, groups, uid, extra } = user
  const resourceAttributes = { ...action, group: "", version: "v1", resource: "nodes", name: node }
  const who = { user: name, groups: [...groups], ...(uid && { uid }), ...(extra && { extra: copied(extra) }) }
  const spec = { ...who, resourceAttributes }
  const { status } = await client.create(SubjectAccessReview, { metadata: {}, spec })
  return status?.allowed ?? false
}

function copied(extra: NonNullable<UserInfo["extra"]>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]]))
}

/** What of an upgrade's head a decision needs. */
export function askedBy({ method = "GET", url = "/", headers }: IncomingMessage): {
  method: string
  path: string
  authorization: string
} {
  return { method, path: new URL(url, "https://node").pathname, authorization: headers.authorization ?? "" }
}
