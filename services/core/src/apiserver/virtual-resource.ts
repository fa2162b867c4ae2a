import type { AnyObject } from "@wick/sdk/api/kind"
import type { UserInfo } from "./authentication/user.ts"

/** A resource of which nothing is stored: an object is sent, and its answer comes back (reviews, tokens). */
export interface VirtualResource {
  readonly group: string
  readonly version: string
  readonly resource: string
  /** "" is the resource itself; else the resource is another's (`serviceaccounts/token`). */
  readonly subresource: string
  readonly kind: string
  readonly namespaced: boolean
  create(request: VirtualRequest): Promise<object>
}

export interface VirtualRequest {
  readonly user: UserInfo
  readonly namespace: string
  readonly name: string
  readonly object: AnyObject
}
