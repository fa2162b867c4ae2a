/** Codes of gRPC, by their numbers. */
export const code = {
  canceled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  outOfRange: 11,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const

/** A refusal as etcd's clients know it: they tell one from another by code and message together. */
export class EtcdError extends Error {
  override name = "EtcdError"
  readonly code: number

  constructor(grpcCode: number, message: string) {
    super(`etcdserver: ${message}`)
    this.code = grpcCode
  }
}

const { invalidArgument, notFound, resourceExhausted, failedPrecondition, outOfRange, unavailable } = code

/** Every refusal of ours that etcd has words for. */
export const refusals = {
  emptyKey: [invalidArgument, "key is not provided"],
  keyNotFound: [invalidArgument, "key not found"],
  valueProvided: [invalidArgument, "value is provided"],
  leaseProvided: [invalidArgument, "lease is provided"],
  tooManyOperations: [invalidArgument, "too many operations in txn request"],
  duplicateKey: [invalidArgument, "duplicate key given in txn request"],
  invalidSort: [invalidArgument, "invalid sort option"],
  compacted: [outOfRange, "mvcc: required revision has been compacted"],
  futureRevision: [outOfRange, "mvcc: required revision is a future revision"],
  noSpace: [resourceExhausted, "mvcc: database space exceeded"],
  leaseNotFound: [notFound, "requested lease not found"],
  leaseExists: [failedPrecondition, "lease already exists"],
  leaseTooLong: [outOfRange, "too large lease TTL"],
  requestTooLarge: [invalidArgument, "request is too large"],
  tooManyRequests: [resourceExhausted, "too many requests"],
  memberNotEnoughStarted: [failedPrecondition, "re-configuration failed due to not enough started members"],
  memberBadUrls: [invalidArgument, "given member URLs are invalid"],
  memberNotFound: [notFound, "member not found"],
  peerUrlExists: [failedPrecondition, "Peer URLs already exists"],
  memberNotLearner: [failedPrecondition, "can only promote a learner member"],
  learnerNotReady: [failedPrecondition, "can only promote a learner member which is in sync with leader"],
  badTransferee: [failedPrecondition, "bad leader transferee"],
  notLeader: [failedPrecondition, "not leader"],
  noLeader: [unavailable, "no leader"],
  notForLearners: [unavailable, "rpc not supported for learner"],
  stopped: [unavailable, "server stopped"],
  timeout: [unavailable, "request timed out"],
  connectionLost: [unavailable, "request timed out, possibly due to connection lost"],
  transferTimeout: [unavailable, "request timed out, leader transfer took too long"],
  corrupt: [15, "corrupt cluster"],
  rootUserMissing: [failedPrecondition, "root user does not exist"],
  rootRoleMissing: [failedPrecondition, "root user does not have root role"],
  userExists: [failedPrecondition, "user name already exists"],
  userEmpty: [invalidArgument, "user name is empty"],
  userNotFound: [failedPrecondition, "user name not found"],
  roleExists: [failedPrecondition, "role name already exists"],
  roleNotFound: [failedPrecondition, "role name not found"],
  roleEmpty: [invalidArgument, "role name is empty"],
  authFailed: [invalidArgument, "authentication failed, invalid user ID or password"],
  permissionNotGiven: [invalidArgument, "permission not given"],
  permissionDenied: [code.permissionDenied, "permission denied"],
  roleNotGranted: [failedPrecondition, "role is not granted to the user"],
  permissionNotGranted: [failedPrecondition, "permission is not granted to the role"],
  authNotEnabled: [failedPrecondition, "authentication is not enabled"],
  invalidToken: [code.unauthenticated, "invalid auth token"],
  invalidAuthManagement: [invalidArgument, "invalid auth management"],
} as const satisfies Record<string, readonly [number, string]>

export type RefusalName = keyof typeof refusals

export function refuse(name: RefusalName): EtcdError {
  const [grpcCode, message] = refusals[name]
  return new EtcdError(grpcCode, message)
}
