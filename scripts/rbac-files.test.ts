import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { rbacFile } from "./rbac-files.ts"

it("keeps the roles of another cluster as they are in the embedded one", () => {
  const text = readFileSync(new URL("../k8s/rbac.yaml", import.meta.url), "utf8")
  expect(text, "run node scripts/codegen.ts").toBe(rbacFile())
})
