/**
 * Resources of which nothing is stored: one sends a question and gets it back with its answer. Who may ask is decided by
 * the authorizer as for any other resource.
 */
import type { TokenAuthenticator } from "../authentication/token-authenticator.ts"
import type { Authorizer } from "../authorization/authorizer.ts"
import type { VirtualResource } from "../virtual-resource.ts"
import { accessReviews } from "./access-review.ts"
import { identityReviews } from "./identity-review.ts"
import { type TokenRequestOptions, tokenRequests } from "./token-request.ts"

export interface ReviewOptions extends TokenRequestOptions {
  readonly authorizer: Authorizer
  readonly tokenAuthenticator: TokenAuthenticator
}

export function createReviews(options: ReviewOptions): VirtualResource[] {
  const { authorizer, tokenAuthenticator } = options
  return [...accessReviews(authorizer), ...identityReviews(tokenAuthenticator), tokenRequests(options)]
}
