import { noEnd } from "#store"
import type { Need } from "../access.ts"
import { refuse } from "../etcd-error.ts"

/** What a password is kept as; absent for users who can only come with a certificate. */
export interface PasswordHash {
  readonly salt: string
  readonly hash: string
}

export interface User {
  readonly name: string
  readonly password?: PasswordHash | undefined
  /** In order. */
  readonly roles: readonly string[]
}

export type Right = "read" | "write" | "readwrite"

export interface Permission {
  readonly right: Right
  readonly key: string
  /** Absent: the one key. */
  readonly end?: string | undefined
}

export interface Role {
  readonly name: string
  readonly permissions: readonly Permission[]
}

/** Users, roles, and whether they count: one value, changed as a whole. */
export interface AuthBook {
  readonly enabled: boolean
  /** Grows with every change; tokens are good for the one that they were given at. */
  readonly revision: number
  readonly users: readonly User[]
  readonly roles: readonly Role[]
}

export const emptyAuthBook: AuthBook = { enabled: false, revision: 1, users: [], roles: [] }

/** The user and the role that may do everything. */
export const root = "root"

/** A change of the book. Pure; throws EtcdError where etcd refuses. */
export type BookChange = (book: AuthBook) => AuthBook

export const enableAuth: BookChange = (book) => {
  if (book.enabled) return book
  const user = book.users.find(({ name }) => name === root)
  if (user === undefined) throw refuse("rootUserMissing")
  if (!user.roles.includes(root)) throw refuse("rootRoleMissing")
  return { ...book, enabled: true }
}

export const disableAuth: BookChange = (book) => (book.enabled ? next({ ...book, enabled: false }) : book)

export function addUser(name: string, password: PasswordHash | undefined): BookChange {
  return (book) => {
    if (name === "") throw refuse("userEmpty")
    if (book.users.some((user) => user.name === name)) throw refuse("userExists")
    return next({ ...book, users: inOrder([...book.users, { name, password, roles: [] }]) })
  }
}

export function deleteUser(name: string): BookChange {
  return (book) => {
    if (book.enabled && name === root) throw refuse("invalidAuthManagement")
    userOf(book, name)
    return next({ ...book, users: book.users.filter((user) => user.name !== name) })
  }
}

export function changePassword(name: string, password: PasswordHash): BookChange {
  return (book) => {
    const user = userOf(book, name)
    // Who can only come with a certificate does not get another way by this.
    return withUser(book, user.password === undefined ? user : { ...user, password })
  }
}

export function grantRole(name: string, role: string): BookChange {
  return (book) => {
    const user = userOf(book, name)
    // The role of root is there without anybody having made it.
    if (role !== root) roleOf(book, role)
    if (user.roles.includes(role)) return book
    return withUser(book, { ...user, roles: [...user.roles, role].sort() })
  }
}

export function revokeRole(name: string, role: string): BookChange {
  return (book) => {
    if (book.enabled && name === root && role === root) throw refuse("invalidAuthManagement")
    const user = userOf(book, name)
    if (!user.roles.includes(role)) throw refuse("roleNotGranted")
    return withUser(book, { ...user, roles: user.roles.filter((other) => other !== role) })
  }
}

export function addRole(name: string): BookChange {
  return (book) => {
    if (name === "") throw refuse("roleEmpty")
    if (book.roles.some((role) => role.name === name)) throw refuse("roleExists")
    return next({ ...book, roles: inOrder([...book.roles, { name, permissions: [] }]) })
  }
}

export function deleteRole(name: string): BookChange {
  return (book) => {
    if (book.enabled && name === root) throw refuse("invalidAuthManagement")
    roleOf(book, name)
    const users = book.users.map((user) => ({ ...user, roles: user.roles.filter((role) => role !== name) }))
    return next({ ...book, users, roles: book.roles.filter((role) => role.name !== name) })
  }
}

export function grantPermission(name: string, permission: Permission): BookChange {
  return (book) => {
    if (!isPermissible(permission)) throw refuse("invalidAuthManagement")
    const role = roleOf(book, name)
    // In order of their keys, and where these are equal of their coming, of which etcd replaces the first alone.
    const first = role.permissions.find(({ key }) => key === permission.key)
    const permissions =
      first !== undefined && first.end === permission.end
        ? role.permissions.map((each) => (each === first ? permission : each))
        : [...role.permissions, permission].sort((a, b) => order(a.key, b.key))
    return withRole(book, { ...role, permissions })
  }
}

/** Whether there are keys that it could be of. */
function isPermissible({ key, end }: Permission): boolean {
  return key !== "" && (end === undefined || end === noEnd || key < end)
}

export function revokePermission(name: string, key: string, end: string | undefined): BookChange {
  return (book) => {
    const role = roleOf(book, name)
    const permissions = role.permissions.filter((other) => other.key !== key || other.end !== end)
    if (permissions.length === role.permissions.length) throw refuse("permissionNotGranted")
    return withRole(book, { ...role, permissions })
  }
}

export function userOf(book: AuthBook, name: string): User {
  const user = book.users.find((other) => other.name === name)
  if (user === undefined) throw refuse("userNotFound")
  return user
}

export function roleOf(book: AuthBook, name: string): Role {
  const role = book.roles.find((other) => other.name === name)
  if (role === undefined) throw refuse("roleNotFound")
  return role
}

/** Throws EtcdError unless the user of this name may do all of it. */
export function checkNeeds(book: AuthBook, name: string, needs: readonly Need[]): void {
  const user = book.users.find((other) => other.name === name)
  if (user === undefined) throw refuse("permissionDenied")
  if (user.roles.includes(root)) return
  const permissions = book.roles.filter((role) => user.roles.includes(role.name)).flatMap((role) => role.permissions)
  for (const need of needs) {
    if (need.right === "root" || !isCovered(need, permissions)) throw refuse("permissionDenied")
  }
}

/** Whether permissions together cover the interval: several may be joined where they touch. */
function isCovered(need: Exclude<Need, { right: "root" }>, permissions: readonly Permission[]): boolean {
  const right = permissions.filter((permission) => permission.right === "readwrite" || permission.right === need.right)
  const wanted = interval(need)
  let covered = wanted.from
  for (const { from, to } of right.map(interval).sort((a, b) => order(a.from, b.from))) {
    if (from > covered) break
    if (to === undefined) return true
    if (to > covered) covered = to
  }
  return wanted.to !== undefined && covered >= wanted.to && covered > wanted.from
}

/** Half-open; without `to` it has no upper end. A single key ends before the one right after it. */
function interval({ key, end }: { readonly key: string; readonly end?: string | undefined }): {
  readonly from: string
  readonly to: string | undefined
} {
  if (end === undefined) return { from: key, to: `${key}\0` }
  return { from: key, to: end === noEnd ? undefined : end }
}

function withUser(book: AuthBook, user: User): AuthBook {
  return next({ ...book, users: book.users.map((other) => (other.name === user.name ? user : other)) })
}

function withRole(book: AuthBook, role: Role): AuthBook {
  return next({ ...book, roles: book.roles.map((other) => (other.name === role.name ? role : other)) })
}

function next(book: AuthBook): AuthBook {
  return { ...book, revision: book.revision + 1 }
}

function inOrder<Named extends { readonly name: string }>(named: readonly Named[]): readonly Named[] {
  return named.toSorted((a, b) => order(a.name, b.name))
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
