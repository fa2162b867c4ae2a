import { code, EtcdError, type RefusalName, refuse } from "#etcd-wire"
import {
  CompactedError,
  DuplicateKeyError,
  FutureRevisionError,
  InvalidRequestError,
  KeyNotFoundError,
  LearnerNotReadyError,
  LeaseExistsError,
  LeaseNotFoundError,
  MemberNotFoundError,
  NoSpaceError,
  NotLeaderError,
  OverloadedError,
  StoppedError,
  TooLargeError,
  TooManyOperationsError,
  UnavailableError,
} from "#store"

export { code, EtcdError, type RefusalName, refuse }

// The first class that fits counts: a class stands before those it is derived from.
const byClass: readonly (readonly [new (...given: never[]) => Error, RefusalName])[] = [
  [CompactedError, "compacted"],
  [FutureRevisionError, "futureRevision"],
  [DuplicateKeyError, "duplicateKey"],
  [TooManyOperationsError, "tooManyOperations"],
  [KeyNotFoundError, "keyNotFound"],
  [LeaseNotFoundError, "leaseNotFound"],
  [LeaseExistsError, "leaseExists"],
  [NoSpaceError, "noSpace"],
  [TooLargeError, "requestTooLarge"],
  [OverloadedError, "tooManyRequests"],
  // Unlike "not leader", which says that one should ask another, clients take this as what passes.
  [NotLeaderError, "noLeader"],
  [UnavailableError, "connectionLost"],
  [MemberNotFoundError, "memberNotFound"],
  [LearnerNotReadyError, "learnerNotReady"],
  [StoppedError, "stopped"],
]

/** What a client is told of an error; undefined: it is a fault of ours, which nobody expects. */
export function toEtcdError(error: unknown): EtcdError | undefined {
  if (error instanceof EtcdError) return error
  const found = byClass.find(([type]) => error instanceof type)
  if (found !== undefined) return refuse(found[1])
  if (error instanceof InvalidRequestError) return new EtcdError(code.invalidArgument, error.message)
  return undefined
}
