import { execFileSync } from "node:child_process"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type TarEntry, tar } from "./tar.ts"

const list = (archive: Uint8Array): string =>
  execFileSync("tar", ["-tvf", "-", "--numeric-owner"], { input: archive, encoding: "utf8" })

const file = (path: string, text = "x"): TarEntry => ({ kind: "file", path, content: Buffer.from(text) })

describe("a tar archive", () => {
  it("is read by tar itself, with the directories above each file", () => {
    const listing = list(tar([file("a/b/c.txt"), { kind: "symlink", path: "a/link", target: "b/c.txt" }]))
    const names = listing
      .trim()
      .split("\n")
      .map((line) => line.split(" 1970-01-01 ")[1]?.slice(6))
    expect(names).toEqual(["a/", "a/b/", "a/b/c.txt", "a/link -> b/c.txt"])
  })

  it("keeps modes and owners", () => {
    const listing = list(tar([{ kind: "directory", path: "tmp", mode: 0o1777, uid: 65532 }]))
    expect(listing).toContain("drwxrwxrwt 65532/65532")
  })

  it("is the same bytes for the same entries in any order", () => {
    const entries = [file("z"), file("a/b"), file("a/c")]
    fc.assert(
      fc.property(fc.shuffledSubarray(entries, { minLength: 3 }), (shuffled) => {
        expect(Buffer.compare(tar(shuffled), tar(entries))).toBe(0)
      }),
    )
  })

  it("holds paths and targets of any length", () => {
    const long = `${"d".repeat(90)}/${"e".repeat(90)}/${"f".repeat(90)}`
    const archive = tar([file(long, "found"), { kind: "symlink", path: "s", target: long }])
    expect(list(archive)).toContain(`s -> ${long}`)
    const content = execFileSync("tar", ["-xOf", "-", long], { input: archive, encoding: "utf8" })
    expect(content).toBe("found")
  })
})
