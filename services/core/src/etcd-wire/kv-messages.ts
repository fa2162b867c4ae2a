import {
  bool,
  bytes,
  type Field,
  key,
  Message,
  message,
  messages,
  number,
  type Read,
  type Written,
} from "@wick/sdk/protobuf"

/** Who answers, and the revision of the store when it did. */
export const header = new Message({
  clusterId: number(1),
  memberId: number(2),
  revision: number(3),
  raftTerm: number(4),
})
export type Header = Written<typeof header>

export const keyValue = new Message({
  key: key(1),
  createRevision: number(2),
  modRevision: number(3),
  version: number(4),
  value: bytes(5),
  lease: number(6),
})

export const sortOrder = { none: 0, ascending: 1, descending: 2 } as const
export const sortTarget = { key: 0, version: 1, create: 2, mod: 3, value: 4 } as const

export const rangeRequest = new Message({
  key: key(1),
  rangeEnd: key(2),
  limit: number(3),
  revision: number(4),
  sortOrder: number(5),
  sortTarget: number(6),
  serializable: bool(7),
  keysOnly: bool(8),
  countOnly: bool(9),
  minModRevision: number(10),
  maxModRevision: number(11),
  minCreateRevision: number(12),
  maxCreateRevision: number(13),
})
export type RangeMessage = Read<typeof rangeRequest>

export const rangeResponse = new Message({
  header: message(1, () => header),
  kvs: messages(2, () => keyValue),
  more: bool(3),
  count: number(4),
})
export type RangeAnswer = Written<typeof rangeResponse>

export const putRequest = new Message({
  key: key(1),
  value: bytes(2),
  lease: number(3),
  previous: bool(4),
  ignoreValue: bool(5),
  ignoreLease: bool(6),
})
export type PutMessage = Read<typeof putRequest>

export const putResponse = new Message({ header: message(1, () => header), previous: message(2, () => keyValue) })

export const deleteRequest = new Message({ key: key(1), rangeEnd: key(2), previous: bool(3) })
export type DeleteMessage = Read<typeof deleteRequest>

export const deleteResponse = new Message({
  header: message(1, () => header),
  deleted: number(2),
  previous: messages(3, () => keyValue),
})

/** What a comparison compares, and how, in the order of their numbers. */
export const compareResults = ["=", ">", "<", "!="] as const
export const compareTargets = ["version", "create", "mod", "value", "lease"] as const

export const compare = new Message({
  result: number(1),
  target: number(2),
  key: key(3),
  version: number(4),
  create: number(5),
  mod: number(6),
  value: bytes(7),
  lease: number(8),
  rangeEnd: key(64),
})
export type CompareMessage = Read<typeof compare>

// A transaction may hold others, which no type can infer: from here on the types are written out.
export interface OperationMessage {
  readonly range?: RangeMessage | undefined
  readonly put?: PutMessage | undefined
  readonly delete?: DeleteMessage | undefined
  readonly txn?: TxnMessage | undefined
}

export interface TxnMessage {
  readonly compare: readonly CompareMessage[]
  readonly success: readonly OperationMessage[]
  readonly failure: readonly OperationMessage[]
}

export interface OperationAnswer {
  readonly range?: RangeAnswer | undefined
  readonly put?: Written<typeof putResponse> | undefined
  readonly delete?: Written<typeof deleteResponse> | undefined
  readonly txn?: TxnAnswer | undefined
}

export interface TxnAnswer {
  readonly header?: Header | undefined
  readonly succeeded: boolean
  readonly responses: readonly OperationAnswer[]
}

// biome-ignore lint/suspicious/noExplicitAny: the table that it leads to is the one being defined
type Recursive = Message<any>

const requestOperation = new Message({
  range: message(1, () => rangeRequest),
  put: message(2, () => putRequest),
  delete: message(3, () => deleteRequest),
  txn: message(4, (): Recursive => txnRequest) as Field<TxnMessage | undefined>,
})

export const txnRequest = new Message({
  compare: messages(1, () => compare),
  success: messages(2, () => requestOperation),
  failure: messages(3, () => requestOperation),
})

const responseOperation = new Message({
  range: message(1, () => rangeResponse),
  put: message(2, () => putResponse),
  delete: message(3, () => deleteResponse),
  txn: message(4, (): Recursive => txnResponse) as Field<TxnAnswer | undefined>,
})

export const txnResponse = new Message({
  header: message(1, () => header),
  succeeded: bool(2),
  responses: messages(3, () => responseOperation),
})

export const compactionRequest = new Message({ revision: number(1), physical: bool(2) })
export const headerResponse = new Message({ header: message(1, () => header) })
