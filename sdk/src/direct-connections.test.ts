import { execFile } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { promisify } from "node:util"
import { expect, it } from "vitest"

const module = new URL("./direct-connections.ts", import.meta.url).href

it("asks our own processes themselves, though Node was told to use a proxy", async () => {
  await using server = createServer((_, response) => response.end("reached")).listen(0, "127.0.0.1")
  await once(server, "listening")
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const env = { ...process.env, NODE_USE_ENV_PROXY: "1", HTTP_PROXY: "http://127.0.0.1:9", NO_PROXY: "" }
  const asking = `console.log(await (await fetch("${url}")).text(), process.env.NODE_USE_ENV_PROXY)`
  const run = (program: string) =>
    promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], { env })
  const { stdout } = await run(`import { connectDirectly } from "${module}"; connectDirectly(process.env); ${asking}`)
  expect(stdout).toBe("reached undefined\n")
  await expect(run(asking)).rejects.toThrow("fetch failed")
})
