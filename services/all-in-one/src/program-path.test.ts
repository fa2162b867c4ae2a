import { expect, it } from "vitest"
import { programPath } from "./program-path.ts"

it("adds where the superuser's programs are, behind what the user chose", () => {
  expect(programPath("/opt/runc:/usr/bin:/bin")).toBe(
    "/opt/runc:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin",
  )
})

it("is there when the environment has none", () => {
  expect(programPath(undefined)).toMatch(/^\/usr\/local\/sbin:.*:\/bin$/)
})
