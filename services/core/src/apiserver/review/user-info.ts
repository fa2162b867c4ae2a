import type { UserInfo } from "../authentication/user.ts"

/** A user as the API's objects write one. */
export interface ApiUserInfo {
  readonly username?: string | undefined
  readonly uid?: string | undefined
  readonly groups?: readonly string[] | undefined
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined
}

export function toApi({ name, uid, groups, extra }: UserInfo): ApiUserInfo {
  return { username: name, ...(uid !== undefined && { uid }), groups, ...(extra && { extra }) }
}
