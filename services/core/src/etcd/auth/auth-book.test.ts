import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Need } from "../access.ts"
import {
  type AuthBook,
  addRole,
  addUser,
  type BookChange,
  checkNeeds,
  deleteRole,
  emptyAuthBook,
  enableAuth,
  grantPermission,
  grantRole,
  type Permission,
  revokePermission,
} from "./auth-book.ts"

function after(...changes: readonly BookChange[]): AuthBook {
  return changes.reduce((book, change) => change(book), emptyAuthBook)
}

function may(permissions: readonly Permission[], need: Need): boolean {
  const grants = permissions.map((permission) => grantPermission("r", permission))
  const book = after(addUser("u", undefined), addRole("r"), grantRole("u", "r"), ...grants)
  try {
    checkNeeds(book, "u", [need])
    return true
  } catch {
    return false
  }
}

const letters = "abcd"
const letter = fc.constantFrom(...letters)
const anyInterval = fc.record({
  key: letter,
  end: fc.option(fc.constantFrom("b", "c", "d", "e", "\0"), { nil: undefined }),
})
const isOfKeys = ({ key, end }: { key: string; end?: string | undefined }): boolean =>
  end === undefined || end === "\0" || key < end
const anyPermission = fc.record({
  right: fc.constantFrom("read", "write", "readwrite"),
  interval: anyInterval.filter(isOfKeys),
})

function keysOf({ key, end }: { key: string; end?: string | undefined }): string[] {
  // Between two letters is a key of its own, which a single letter does not cover.
  const all = [...letters].flatMap((each) => [each, `${each}!`])
  return all.filter((each) => (end === undefined ? each === key : each >= key && (end === "\0" || each < end)))
}

describe("a role", () => {
  const read = { right: "read", key: "a", end: "c" } as const

  it("has one right for an interval: the one granted last", () => {
    const book = after(addRole("r"), grantPermission("r", read), grantPermission("r", { ...read, right: "write" }))
    expect(book.roles[0]?.permissions).toEqual([{ ...read, right: "write" }])
  })

  it("is granted nothing where there are no keys", () => {
    for (const wrong of [{ key: "" }, { key: "b", end: "a" }, { key: "b", end: "b" }]) {
      expect(() => after(addRole("r"), grantPermission("r", { right: "read", ...wrong }))).toThrow(
        "invalid auth management",
      )
    }
  })
})

describe("a user", () => {
  it("may do just what permissions together cover", () => {
    fc.assert(
      fc.property(fc.array(anyPermission, { maxLength: 4 }), anyInterval, (given, wanted) => {
        const wantedKeys = keysOf(wanted)
        fc.pre(wantedKeys.length > 0)
        const permissions = given.map(
          ({ right, interval }): Permission => ({ right: right as Permission["right"], ...interval }),
        )
        const granted = permissions.map((permission) => grantPermission("r", permission))
        const held = after(addRole("r"), ...granted).roles[0]?.permissions ?? []
        const readable = new Set(held.flatMap((each) => (each.right === "write" ? [] : keysOf(each))))
        const upward = held.some((each) => each.right !== "write" && each.end === "\0")
        // Above all letters there are more keys: only what has no upper end covers an interval that has none.
        const expected = wantedKeys.every((each) => readable.has(each)) && (wanted.end !== "\0" || upward)
        expect(may(permissions, { right: "read", ...wanted })).toBe(expected)
      }),
      { numRuns: 2_000 },
    )
  })

  it("needs the role of root for what is of nobody's keys", () => {
    expect(may([{ right: "readwrite", key: "a", end: "\0" }], { right: "root" })).toBe(false)
    const book = after(addUser("u", undefined), grantRole("u", "root"))
    expect(() => checkNeeds(book, "u", [{ right: "root" }, { right: "write", key: "x" }])).not.toThrow()
  })

  it("who is not known may do nothing", () => {
    expect(() => checkNeeds(emptyAuthBook, "u", [{ right: "read", key: "a" }])).toThrow("permission denied")
  })
})

describe("the book", () => {
  it("is not put in force before there is a root", () => {
    expect(() => after(enableAuth)).toThrow("root user does not exist")
    expect(() => after(addUser("root", undefined), enableAuth)).toThrow("root user does not have root role")
    expect(after(addUser("root", undefined), grantRole("root", "root"), enableAuth).enabled).toBe(true)
  })

  it("takes a role that is deleted from its users, and a permission that is revoked from its role alone", () => {
    const read: Permission = { right: "read", key: "a" }
    const write: Permission = { right: "write", key: "a", end: "b" }
    const book = after(
      addUser("u", undefined),
      addRole("r"),
      grantRole("u", "r"),
      grantPermission("r", read),
      grantPermission("r", write),
    )
    expect(revokePermission("r", "a", undefined)(book).roles[0]?.permissions).toEqual([write])
    expect(() => revokePermission("r", "z", undefined)(book)).toThrow("permission is not granted to the role")
    expect(deleteRole("r")(book).users[0]?.roles).toEqual([])
  })
})
