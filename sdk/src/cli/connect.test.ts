import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeEach, expect, it } from "vitest"
import { scratchDirectory } from "../testing/scratch.ts"
import { connect } from "./connect.ts"

let home: string
beforeEach(() => {
  home = scratchDirectory("home")
})

const kubeconfig = (extensions = ""): void =>
  writeFileSync(
    join(home, "kubeconfig"),
    `{current-context: a, contexts: [{name: a, context: {cluster: a, user: a}}], users: [{name: a, user: {}}],
      clusters: [{name: a, cluster: {server: "http://127.0.0.1:1"${extensions}}}]}`,
  )
const state = (pid: number): void => writeFileSync(join(home, "wick.json"), JSON.stringify({ pid }))

it.each([
  ["by itself", ""],
  ["by KUBECONFIG", "kubeconfig"],
])("a Wick that does not run, found %s, is told of at once, and how to start it", async (_, file) => {
  kubeconfig()
  const refused = connect({ WICK_HOME: home, ...(file && { KUBECONFIG: join(home, file) }) })
  await expect(refused).rejects.toMatchObject({ message: `no Wick runs from ${home}`, next: "wick up", exitCode: 5 })
})

it("who has no cluster where one was looked for is told where that was, and what would help", async () => {
  const none = join(home, "none")
  const message = `no API to talk to: KUBECONFIG names ${none}, which is not there`
  const connecting = () => connect({ WICK_HOME: home, KUBECONFIG: none })
  await expect(connecting()).rejects.toMatchObject({ message, next: "wick up" })
  state(process.pid)
  await expect(connecting()).rejects.toMatchObject({ message, next: "unset KUBECONFIG" })
})

it("the API is asked where this machine's Wick runs, or where another host's may", async () => {
  kubeconfig()
  state(process.pid)
  expect((await connect({ WICK_HOME: home })).namespace).toBe("default")
  rmSync(join(home, "wick.json"))
  kubeconfig(', extensions: [{name: wick.dev/servers, extension: {servers: ["http://127.0.0.1:2"]}}]')
  expect((await connect({ WICK_HOME: home })).namespace).toBe("default")
})
