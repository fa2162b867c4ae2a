import { readdirSync, readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { crdFiles } from "./crd-files.ts"

const directory = new URL("../k8s/crds/", import.meta.url)

it("keeps the CRDs as fresh as the kinds that they are made from", () => {
  const made = crdFiles()
  expect(readdirSync(directory).sort()).toEqual([...made.keys()].sort())
  for (const [name, text] of made) {
    expect(readFileSync(new URL(name, directory), "utf8"), `${name}: run node scripts/codegen.ts`).toBe(text)
  }
})
