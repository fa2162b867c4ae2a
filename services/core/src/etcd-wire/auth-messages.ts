import { bool, key, Message, message, messages, number, text, texts, type Written } from "@wick/sdk/protobuf"
import { header } from "./kv-messages.ts"

export const permission = new Message({ type: number(1), key: key(2), rangeEnd: key(3) })
export type PermissionMessage = Written<typeof permission>

const userOptions = new Message({ noPassword: bool(1) })

export const authStatusResponse = new Message({
  header: message(1, () => header),
  enabled: bool(2),
  authRevision: number(3),
})
export const authenticateRequest = new Message({ name: text(1), password: text(2) })
export const authenticateResponse = new Message({ header: message(1, () => header), token: text(2) })

export const userAddRequest = new Message({
  name: text(1),
  password: text(2),
  options: message(3, () => userOptions),
  hashedPassword: text(4),
})
export const changePasswordRequest = new Message({ name: text(1), password: text(2), hashedPassword: text(3) })
/** Of a user or a role: both are named by field 1. */
export const nameRequest = new Message({ name: text(1) })
export const userRoleRequest = new Message({ user: text(1), role: text(2) })
export const userGetResponse = new Message({ header: message(1, () => header), roles: texts(2) })
export const userListResponse = new Message({ header: message(1, () => header), users: texts(2) })

export const roleGetResponse = new Message({
  header: message(1, () => header),
  permissions: messages(2, () => permission),
})
export const roleListResponse = new Message({ header: message(1, () => header), roles: texts(2) })
export const grantPermissionRequest = new Message({ name: text(1), permission: message(2, () => permission) })
export const revokePermissionRequest = new Message({ role: text(1), key: key(2), rangeEnd: key(3) })
