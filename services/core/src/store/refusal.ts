import { unreachable } from "@wick/sdk/assert"
import {
  CompactedError,
  DuplicateKeyError,
  FutureRevisionError,
  InvalidRequestError,
  KeyNotFoundError,
  LeaseExistsError,
  LeaseNotFoundError,
  NoteChangedError,
  TooLargeError,
  TooManyOperationsError,
} from "./storage.ts"

/** Why the state machine says no: a value, the same on every member. Errors are made of it at the rim. */
export type Refusal =
  | { readonly reason: "compacted"; readonly compactRevision: number }
  | { readonly reason: "future-revision"; readonly wanted: number; readonly current: number }
  | { readonly reason: "lease-not-found"; readonly id: number }
  | { readonly reason: "lease-exists"; readonly id: number }
  | { readonly reason: "invalid"; readonly detail: string }
  | { readonly reason: "duplicate-key"; readonly key: string }
  | { readonly reason: "key-not-found"; readonly key: string }
  | { readonly reason: "note-changed"; readonly name: string }
  | { readonly reason: "too-many"; readonly detail: string }
  | { readonly reason: "too-large"; readonly detail: string }

export function errorOfRefusal(refusal: Refusal): Error {
  switch (refusal.reason) {
    case "compacted":
      return new CompactedError(refusal.compactRevision)
    case "future-revision":
      return new FutureRevisionError(`revision ${refusal.wanted} is not yet made; the store is at ${refusal.current}`)
    case "lease-not-found":
      return new LeaseNotFoundError(`lease ${refusal.id} does not exist or is over`)
    case "lease-exists":
      return new LeaseExistsError(`lease ${refusal.id} exists already`)
    case "invalid":
      return new InvalidRequestError(refusal.detail)
    case "duplicate-key":
      return new DuplicateKeyError(`key ${JSON.stringify(refusal.key)} is changed twice in one transaction`)
    case "key-not-found":
      return new KeyNotFoundError(`key ${JSON.stringify(refusal.key)} is not there, so nothing of it can be kept`)
    case "note-changed":
      return new NoteChangedError(`note ${refusal.name} was changed by another`)
    case "too-many":
      return new TooManyOperationsError(refusal.detail)
    case "too-large":
      return new TooLargeError(refusal.detail)
    default:
      return unreachable(refusal)
  }
}
