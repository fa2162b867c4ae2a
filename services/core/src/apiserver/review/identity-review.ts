import type { TokenAuthenticator } from "../authentication/token-authenticator.ts"
import type { VirtualResource } from "../virtual-resource.ts"
import { toApi } from "./user-info.ts"

const base = { group: "authentication.k8s.io", version: "v1", subresource: "", namespaced: false } as const

/** "Who am I?", "whose token is this?" */
export function identityReviews(tokens: TokenAuthenticator): VirtualResource[] {
  return [
    {
      ...base,
      resource: "selfsubjectreviews",
      kind: "SelfSubjectReview",
      create: async ({ object, user }) => ({ ...object, status: { userInfo: toApi(user) } }),
    },
    {
      ...base,
      resource: "tokenreviews",
      kind: "TokenReview",
      create: async ({ object }) => {
        const { token = "", audiences = [] } = (object.spec ?? {}) as { token?: string; audiences?: string[] }
        const verdict = await tokens.authenticate(token, audiences)
        // The token is not sent back: the answer may be kept or logged where the question was not.
        const spec = { token: "", ...(audiences.length > 0 && { audiences }) }
        if (verdict.kind === "refused") {
          return { ...object, spec, status: { authenticated: false, user: {}, error: verdict.because } }
        }
        const { user, audiences: accepted } = verdict
        return { ...object, spec, status: { authenticated: true, user: toApi(user), audiences: accepted } }
      },
    },
  ]
}
