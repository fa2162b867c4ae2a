import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Peer } from "../listen/peer.ts"
import type { TokenAuthenticator } from "./token-authenticator.ts"
import { anonymous, authenticated, type UserInfo } from "./user.ts"

/** What an authenticator looks at: a Request, or the head of an upgrade. */
export type Asked = Pick<Request, "url" | "headers">

/** Who a request is from; throws Unauthorized if that cannot be told. */
export type Authenticate = (asked: Asked, peer: Peer) => Promise<UserInfo>

/** What anybody may ask without saying who they are: whether the server lives, and which it is. */
const publicPaths = ["/healthz", "/livez", "/readyz", "/version"]

/** Whether somebody who does not say who they are may ask for a path at all; what they see there RBAC says. */
export type AdmitsAnonymous = (path: string) => boolean

export const publicPathsOnly: AdmitsAnonymous = (path) =>
  publicPaths.some((known) => path === known || path.startsWith(`${known}/`))

/** A client certificate first, then a bearer token: whichever is good. One that is bad is never passed over for none. */
export function createAuthenticate(
  tokens: TokenAuthenticator,
  admitsAnonymous: AdmitsAnonymous = publicPathsOnly,
): Authenticate {
  return async (request, { certificate }) => {
    if (certificate.kind === "verified" && certificate.commonName !== "") {
      return authenticated({ name: certificate.commonName, groups: certificate.organizations })
    }
    const token = bearerToken(request.headers.get("authorization"))
    if (token !== undefined) {
      const verdict = await tokens.authenticate(token, [])
      if (verdict.kind === "user") return verdict.user
      throw unauthorized()
    }
    if (certificate.kind === "none" && admitsAnonymous(new URL(request.url).pathname)) return anonymous
    throw unauthorized()
  }
}

/** Why is not said: it would help whoever guesses. */
function unauthorized(): StatusError {
  return new StatusError("Unauthorized", "Unauthorized")
}

function bearerToken(header: string | null): string | undefined {
  const match = /^bearer +(\S+)\s*$/i.exec(header ?? "")
  return match?.[1]
}
