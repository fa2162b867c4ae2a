import type { TokenAuthority } from "#pki"

export const issuerPaths = { configuration: "/.well-known/openid-configuration", keys: "/openid/v1/jwks" } as const

/** What others need to check tokens of service accounts by themselves: where the keys are, and the keys. */
export function issuerDocument({ issuer, keys }: TokenAuthority, path: string): Response | undefined {
  if (path === issuerPaths.keys) return answer({ keys }, "application/jwk-set+json")
  if (path !== issuerPaths.configuration) return undefined
  const configuration = {
    issuer,
    jwks_uri: `${issuer}${issuerPaths.keys}`,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
  }
  return answer(configuration, "application/json")
}

function answer(document: object, type: string): Response {
  const headers = { "content-type": type, "cache-control": "public, max-age=3600" }
  return new Response(JSON.stringify(document), { headers })
}
