import { readdirSync, readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { configMapFiles } from "./config-map-files.ts"

const directory = new URL("../k8s/config-maps/", import.meta.url)

it("keeps the ConfigMaps as fresh as the settings that they are made from", () => {
  const made = configMapFiles()
  expect(readdirSync(directory).sort()).toEqual([...made.keys()].sort())
  for (const [name, text] of made) {
    expect(readFileSync(new URL(name, directory), "utf8"), `${name}: run node scripts/codegen.ts`).toBe(text)
  }
})
