import { randomUUID } from "node:crypto"
import {
  authenticateRequest,
  authenticateResponse,
  authStatusResponse,
  changePasswordRequest,
  emptyRequest,
  grantPermissionRequest,
  headerResponse,
  nameRequest,
  type PermissionMessage,
  revokePermissionRequest,
  roleGetResponse,
  roleListResponse,
  userAddRequest,
  userGetResponse,
  userListResponse,
  userRoleRequest,
} from "#etcd-wire"
import type { Caller } from "../access.ts"
import { code, EtcdError, refuse } from "../etcd-error.ts"
import { headerOf, type Methods, type Parts, unary } from "../service.ts"
import {
  addRole,
  addUser,
  type BookChange,
  changePassword,
  deleteRole,
  deleteUser,
  disableAuth,
  enableAuth,
  grantPermission,
  grantRole,
  type Permission,
  type Right,
  revokePermission,
  revokeRole,
  roleOf,
  userOf,
} from "./auth-book.ts"
import type { AuthStore } from "./auth-store.ts"
import { hashPassword } from "./password.ts"

/** In the order of their numbers. */
const rights: readonly Right[] = ["read", "write", "readwrite"]

export function authService(parts: Parts, auth: AuthStore): Methods {
  const asRoot = (caller: Caller): void => parts.authorize(caller, [{ right: "root" }])
  return { ...switching(parts, auth, asRoot), ...users(parts, auth, asRoot), ...roles(parts, auth, asRoot) }
}

type AsRoot = (caller: Caller) => void

/** A method that changes the book and answers with a head alone. */
function changing<Request>(
  parts: Parts,
  auth: AuthStore,
  asRoot: AsRoot,
  request: { decode(bytes: Buffer): Request },
  change: (request: Request) => BookChange | Promise<BookChange>,
  done: (request: Request) => void = () => {},
) {
  return unary(request, headerResponse, async (given, caller) => {
    asRoot(caller)
    await auth.change(await change(given))
    done(given)
    return { header: headerOf(parts) }
  })
}

function switching(parts: Parts, auth: AuthStore, asRoot: AsRoot): Methods {
  const everybody = (): void => auth.revokeTokens()
  return {
    "etcdserverpb.Auth/AuthEnable": changing(parts, auth, asRoot, emptyRequest, () => enableAuth),
    "etcdserverpb.Auth/AuthDisable": changing(parts, auth, asRoot, emptyRequest, () => disableAuth, everybody),
    "etcdserverpb.Auth/AuthStatus": unary(emptyRequest, authStatusResponse, async (_, caller) => {
      asRoot(caller)
      const { enabled, revision } = auth.book
      return { header: headerOf(parts), enabled, authRevision: revision }
    }),
    "etcdserverpb.Auth/Authenticate": unary(authenticateRequest, authenticateResponse, async ({ name, password }) => {
      const token = await auth.authenticate(name, password)
      return { header: headerOf(parts), token }
    }),
  }
}

function users(parts: Parts, auth: AuthStore, asRoot: AsRoot): Methods {
  const tokensOf = ({ name }: { readonly name: string }): void => auth.revokeTokens(name)
  return {
    "etcdserverpb.Auth/UserAdd": changing(parts, auth, asRoot, userAddRequest, async (request) => {
      if (request.name === "") throw refuse("userEmpty")
      return addUser(request.name, request.options?.noPassword ? undefined : await passwordOf(request))
    }),
    "etcdserverpb.Auth/UserGet": unary(nameRequest, userGetResponse, async ({ name }, caller) => {
      // Everybody may look at themselves.
      if (auth.userOf(caller) !== name) asRoot(caller)
      return { header: headerOf(parts), roles: userOf(auth.book, name).roles }
    }),
    "etcdserverpb.Auth/UserList": unary(emptyRequest, userListResponse, async (_, caller) => {
      asRoot(caller)
      return { header: headerOf(parts), users: auth.book.users.map(({ name }) => name) }
    }),
    "etcdserverpb.Auth/UserDelete": changing(
      parts,
      auth,
      asRoot,
      nameRequest,
      ({ name }) => deleteUser(name),
      tokensOf,
    ),
    "etcdserverpb.Auth/UserChangePassword": changing(
      parts,
      auth,
      asRoot,
      changePasswordRequest,
      async (request) => {
        // etcd keeps nothing that could be matched then.
        const isNone = request.password === "" && request.hashedPassword === ""
        return changePassword(request.name, await (isNone ? hashPassword(randomUUID()) : passwordOf(request)))
      },
      tokensOf,
    ),
    "etcdserverpb.Auth/UserGrantRole": changing(parts, auth, asRoot, userRoleRequest, ({ user, role }) =>
      grantRole(user, role),
    ),
    "etcdserverpb.Auth/UserRevokeRole": changing(parts, auth, asRoot, userRoleRequest, ({ user, role }) =>
      revokeRole(user, role),
    ),
  }
}

function roles(parts: Parts, auth: AuthStore, asRoot: AsRoot): Methods {
  return {
    "etcdserverpb.Auth/RoleAdd": changing(parts, auth, asRoot, nameRequest, ({ name }) => addRole(name)),
    "etcdserverpb.Auth/RoleGet": unary(nameRequest, roleGetResponse, async ({ name }, caller) => {
      const self = auth.book.users.find((user) => user.name === auth.userOf(caller))
      if (!self?.roles.includes(name)) asRoot(caller)
      const { permissions } = roleOf(auth.book, name)
      return { header: headerOf(parts), permissions: permissions.map(toMessage) }
    }),
    "etcdserverpb.Auth/RoleList": unary(emptyRequest, roleListResponse, async (_, caller) => {
      asRoot(caller)
      return { header: headerOf(parts), roles: auth.book.roles.map(({ name }) => name) }
    }),
    "etcdserverpb.Auth/RoleDelete": changing(parts, auth, asRoot, nameRequest, ({ name }) => deleteRole(name)),
    "etcdserverpb.Auth/RoleGrantPermission": changing(
      parts,
      auth,
      asRoot,
      grantPermissionRequest,
      ({ name, permission }) => {
        if (permission === undefined) throw refuse("permissionNotGiven")
        return grantPermission(name, toPermission(permission))
      },
    ),
    "etcdserverpb.Auth/RoleRevokePermission": changing(
      parts,
      auth,
      asRoot,
      revokePermissionRequest,
      ({ role, key, rangeEnd }) => revokePermission(role, key, rangeEnd === "" ? undefined : rangeEnd),
    ),
  }
}

function toMessage({ right, key, end }: Permission): PermissionMessage {
  return { type: rights.indexOf(right), key, rangeEnd: end ?? "" }
}

function toPermission({ type = 0, key = "", rangeEnd = "" }: PermissionMessage): Permission {
  const right = rights[type]
  if (right === undefined) throw new EtcdError(code.invalidArgument, "unknown kind of permission")
  return { right, key, ...(rangeEnd !== "" && { end: rangeEnd }) }
}

/** Clients that hash passwords themselves do it in a way that we do not keep. */
function passwordOf({ password, hashedPassword }: { readonly password: string; readonly hashedPassword: string }) {
  if (hashedPassword !== "")
    throw new EtcdError(code.invalidArgument, "hashed passwords are not taken: send the password")
  return hashPassword(password)
}
