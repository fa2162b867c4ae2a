import { code, type GrpcError, type RefusalName, refusals } from "#etcd-wire"
import {
  CompactedError,
  DuplicateKeyError,
  FutureRevisionError,
  InvalidRequestError,
  KeyNotFoundError,
  LeaseExistsError,
  LeaseNotFoundError,
  NoSpaceError,
  NotLeaderError,
  OverloadedError,
  TooLargeError,
  TooManyOperationsError,
  UnavailableError,
} from "#store"

/** etcd's prefix of its own refusals; gRPC's begin otherwise. */
const prefix = "etcdserver: "

/** Refused before it was looked at, as another endpoint might not. */
const notHere: readonly RefusalName[] = ["noLeader", "notForLearners"]

type Maker = new (message: string) => Error

const makers: Partial<Record<RefusalName, Maker>> = {
  emptyKey: InvalidRequestError,
  keyNotFound: KeyNotFoundError,
  tooManyOperations: TooManyOperationsError,
  duplicateKey: DuplicateKeyError,
  futureRevision: FutureRevisionError,
  noSpace: NoSpaceError,
  leaseNotFound: LeaseNotFoundError,
  leaseExists: LeaseExistsError,
  leaseTooLong: InvalidRequestError,
  requestTooLarge: TooLargeError,
  tooManyRequests: OverloadedError,
  noLeader: NotLeaderError,
  notForLearners: NotLeaderError,
}

/** Codes of which nobody can say whether the call was carried out before they were given. */
const unknownOutcome: readonly number[] = [
  code.canceled,
  code.unknown,
  code.deadlineExceeded,
  code.internal,
  code.unavailable,
]

const namesByMessage = new Map(
  Object.entries(refusals).map(([name, [, message]]) => [prefix + message, name as RefusalName]),
)

export function isSurelyNotDone({ message }: GrpcError): boolean {
  const name = namesByMessage.get(message)
  return name !== undefined && notHere.includes(name)
}

/** etcd's refusal as the store's error. `compactRevision`: what is known of it, as the refusal does not say. */
export function errorOfAnswer(error: GrpcError, compactRevision: number): Error {
  const name = namesByMessage.get(error.message)
  if (name === "compacted") return new CompactedError(compactRevision)
  const Made = name && makers[name]
  if (Made !== undefined) return new Made(`etcd: ${error.message}`)
  // gRPC itself refuses messages larger than its own bound, which lies above etcd's.
  if (error.code === code.resourceExhausted) return new TooLargeError(`etcd: ${error.message}`)
  if (unknownOutcome.includes(error.code)) return new UnavailableError(`etcd: ${error.message}`)
  return new Error(`etcd refuses: ${error.message}`)
}
