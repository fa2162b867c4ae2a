/** Who a request is from. */
export interface UserInfo {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

export const authenticatedGroup = "system:authenticated"
export const unauthenticatedGroup = "system:unauthenticated"

/** Whoever says nothing of themselves. RBAC lets them see a few paths that tell nothing. */
export const anonymous: UserInfo = { name: "system:anonymous", groups: [unauthenticatedGroup] }

/** A user of these groups, and of the one that all have who are somebody. */
export function authenticated(user: UserInfo): UserInfo {
  if (user.groups.includes(authenticatedGroup)) return user
  return { ...user, groups: [...user.groups, authenticatedGroup] }
}
