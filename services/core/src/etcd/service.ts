import type { Clock, Random } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { Header, Message } from "#etcd-wire"
import type { MemberStorage } from "#store"
import type { Authorize, Caller } from "./access.ts"
import type { Alarms } from "./alarms.ts"
import type { MemberIdentity } from "./member-identity.ts"

/** What every service is made of. */
export interface Parts {
  readonly storage: MemberStorage
  readonly identity: MemberIdentity
  readonly authorize: Authorize
  readonly alarms: Alarms
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Where clients reach this member. */
  readonly clientUrls: () => readonly string[]
}

/** The head of an answer; the revision is the store's now, unless another is given. */
export function headerOf({ storage, identity }: Parts, revision = storage.currentRevision()): Header {
  const { clusterId, memberId } = identity
  return { clusterId, memberId, revision, raftTerm: storage.status().term }
}

// biome-ignore lint/suspicious/noExplicitAny: methods of all messages stand in one list
type AnyMessage = Message<any>
// biome-ignore lint/suspicious/noExplicitAny: as above; each method's own types are checked where it is made
type Any = any

/** Calls back when the call is over, be it that its client does not wait for the answer any more. */
export type Gone = (listener: () => void) => void

export interface UnaryMethod {
  readonly kind: "unary"
  readonly request: AnyMessage
  readonly response: AnyMessage
  readonly answer: (request: Any, caller: Caller, gone: Gone) => Promise<object>
}

/** A stream of answers, and the requests that may come while it goes on. */
export interface StreamMethod {
  readonly kind: "stream"
  /** Whether requests are a stream too; else there is one. */
  readonly requests: "one" | "many"
  readonly request: AnyMessage
  readonly response: AnyMessage
  readonly open: (stream: Outgoing, caller: Caller) => Incoming
}

/** The server's side of a stream: what is sent. */
export interface Outgoing {
  /** False: the client is slow, and more should wait for `drained`. What was given is sent all the same. */
  send(answer: object): boolean
  /** The same of a message that is encoded already, in pieces: what many streams are told is encoded once. */
  sendEncoded(pieces: readonly Buffer[]): boolean
  /** Ends the stream, with an error if there is one. */
  end(error?: unknown): void
}

/** What is told of the client's side. */
export interface Incoming {
  received(request: Any): void
  /** The client has taken what was sent. */
  drained(): void
  /** The client sends no more; answers may still go to it. */
  ended(): void
  /** Nobody is there any more. */
  closed(): void
}

export type Method = UnaryMethod | StreamMethod
/** Methods by their full names: `etcdserverpb.KV/Range`. */
export type Methods = Readonly<Record<string, Method>>

/** A method of one question and one answer, its types checked against its messages. */
export function unary<Request, Response extends object>(
  request: { decode(bytes: Buffer): Request },
  response: { encode(message: Response): Buffer },
  answer: (request: Request, caller: Caller, gone: Gone) => Promise<Response>,
): UnaryMethod {
  return { kind: "unary", request: request as AnyMessage, response: response as AnyMessage, answer }
}
