import {
  bool,
  key,
  Message,
  message,
  messages,
  number,
  numbers,
  type Read,
  text,
  type Written,
} from "@wick/sdk/protobuf"
import { header, keyValue } from "./kv-messages.ts"

export const watchFilter = { noPut: 0, noDelete: 1 } as const
export const eventType = { put: 0, delete: 1 } as const

const watchCreate = new Message({
  key: key(1),
  rangeEnd: key(2),
  startRevision: number(3),
  progressNotify: bool(4),
  filters: numbers(5),
  previous: bool(6),
  watchId: number(7),
  fragment: bool(8),
})
export type WatchCreate = Read<typeof watchCreate>

const watchCancel = new Message({ watchId: number(1) })
const watchProgress = new Message({})

export const watchRequest = new Message({
  create: message(1, () => watchCreate),
  cancel: message(2, () => watchCancel),
  progress: message(3, () => watchProgress),
})

export const event = new Message({
  type: number(1),
  kv: message(2, () => keyValue),
  previous: message(3, () => keyValue),
})
export type EventMessage = Written<typeof event>

export const watchResponse = new Message({
  header: message(1, () => header),
  watchId: number(2),
  created: bool(3),
  canceled: bool(4),
  compactRevision: number(5),
  cancelReason: text(6),
  fragment: bool(7),
  events: messages(11, () => event),
})
export type WatchAnswer = Written<typeof watchResponse>
