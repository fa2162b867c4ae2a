import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"

const text = readFileSync(join(import.meta.dirname, "README.md"), "utf8")
const imports = [...text.matchAll(/^import \{(.+)\} from "(@wick\/sdk\S*)"$/gm)].flatMap(([, names = "", door = ""]) =>
  names.split(",").map((name) => [name.trim().replace(/ as .*/, ""), door] as const),
)

it.each(imports)("%s, which README imports, is behind %s", async (name, door) => {
  expect(await import(door)).toHaveProperty(name)
})
