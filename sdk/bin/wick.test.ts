import { execFile } from "node:child_process"
import { delimiter, join } from "node:path"
import { expect, it } from "vitest"

const command = join(import.meta.dirname, "wick.mjs")
/** The Node that the machine has, where it has one beside the project's own, which scripts put before it. */
const path = (process.env.PATH ?? "").split(delimiter).filter((each) => !each.includes("node_modules"))
const env = { PATH: [...path, join(process.execPath, "..")].join(delimiter), WICK_HOME: "/nowhere" }

it("the command runs by whatever Node the machine has, and gives arguments and exit code on", async () => {
  const said = await new Promise<string>((resolve) => {
    execFile("node", [command, "deploi"], { env }, (error, stdout, stderr) => {
      resolve(`${stdout}${stderr}${error?.code}`)
    })
  })
  expect(said).toMatch(/^error: unknown command 'deploi'\n\(Did you mean deploy\?\)\n2$/)
})
