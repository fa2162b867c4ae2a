import type { AnyObject } from "@wick/sdk/api/kind"
import type { UserInfo } from "../authentication/user.ts"
import type { SchemaPlace } from "../patch/schema-walk.ts"

/** What a resource and its objects are called in one version of one group. */
export interface ResourceName {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly resource: string
}

/** Another name under which a resource is served, and its objects under that name. */
export interface Equivalent extends ResourceName {
  readonly schema: SchemaPlace
  readonly convert: (object: AnyObject) => AnyObject | Promise<AnyObject>
  readonly convertBack: (object: AnyObject) => AnyObject | Promise<AnyObject>
}

/** A write on its way to the store, as admission sees it. */
export interface AdmissionAttributes extends ResourceName {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT"
  /** "" is the resource itself. */
  readonly subresource: string
  /** "" for a resource without one. */
  readonly namespace: string
  readonly name: string
  /** As it would be stored; absent for DELETE. A mutating step changes it in place or gives another. */
  readonly object: AnyObject | undefined
  readonly oldObject: AnyObject | undefined
  readonly user: UserInfo
  readonly dryRun: boolean
  /** Of the resource; absent: nothing is known of its lists. */
  readonly schema?: SchemaPlace
  /** As the client called the resource, where that is another name than admission sees. */
  readonly requested?: ResourceName
  /** The resource under its other names. */
  readonly equivalents?: () => readonly Equivalent[]
  /** All that is served. */
  readonly served?: () => readonly (ResourceName & { readonly schema: SchemaPlace })[]
  /** Notes something in the record of the request. */
  readonly annotate?: (key: string, value: string) => void
  /** Adds a line that the client shows to its user (`Warning` header). */
  readonly warn: (text: string) => void
}

/**
 * One step of admission. All steps mutate, in order, before any validates; so what is validated is what will be stored.
 * A step refuses by throwing a StatusError.
 */
export interface AdmissionStep {
  readonly name: string
  mutate?(attributes: AdmissionAttributes): Promise<AnyObject | undefined> | AnyObject | undefined
  validate?(attributes: AdmissionAttributes): Promise<void> | void
}
