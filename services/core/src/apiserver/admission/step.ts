import type { AnyObject } from "@wick/sdk/api/kind"
import type { UserInfo } from "../authentication/user.ts"
import type { SchemaPlace } from "../patch/schema-walk.ts"

/** A write on its way to the store, as admission sees it. */
export interface AdmissionAttributes {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT"
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly resource: string
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
