import { bool, bytes, Message, message, messages, number, text, texts, type Written } from "@wick/sdk/protobuf"
import { header } from "./kv-messages.ts"

export const alarmAction = { get: 0, activate: 1, deactivate: 2 } as const
export const alarmType = { none: 0, noSpace: 1, corrupt: 2 } as const

export const alarmRequest = new Message({ action: number(1), memberId: number(2), alarm: number(3) })
const alarmMember = new Message({ memberId: number(1), alarm: number(2) })
export const alarmResponse = new Message({ header: message(1, () => header), alarms: messages(2, () => alarmMember) })

export const emptyRequest = new Message({})

export const statusResponse = new Message({
  header: message(1, () => header),
  version: text(2),
  dbSize: number(3),
  leader: number(4),
  raftIndex: number(5),
  raftTerm: number(6),
  raftAppliedIndex: number(7),
  errors: texts(8),
  dbSizeInUse: number(9),
  isLearner: bool(10),
})

export const hashResponse = new Message({ header: message(1, () => header), hash: number(2) })
export const hashKvRequest = new Message({ revision: number(1) })
export const hashKvResponse = new Message({
  header: message(1, () => header),
  hash: number(2),
  compactRevision: number(3),
})

export const snapshotResponse = new Message({
  header: message(1, () => header),
  remainingBytes: number(2),
  blob: bytes(3),
  version: text(4),
})

export const moveLeaderRequest = new Message({ targetId: number(1) })

const member = new Message({
  id: number(1),
  name: text(2),
  peerUrls: texts(3),
  clientUrls: texts(4),
  isLearner: bool(5),
})
export type MemberMessage = Written<typeof member>

export const memberAddRequest = new Message({ peerUrls: texts(1), isLearner: bool(2) })
export const memberAddResponse = new Message({
  header: message(1, () => header),
  member: message(2, () => member),
  members: messages(3, () => member),
})
export const memberIdRequest = new Message({ id: number(1) })
export const memberUpdateRequest = new Message({ id: number(1), peerUrls: texts(2) })
export const memberListRequest = new Message({ linearizable: bool(1) })
export const membersResponse = new Message({ header: message(1, () => header), members: messages(2, () => member) })
