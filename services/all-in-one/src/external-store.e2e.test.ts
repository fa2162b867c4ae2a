import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { etcdctl, startEtcdOfMachine } from "@wick/core/testing"
import { scratchDirectory } from "@wick/sdk/testing/scratch"
import { expect, it } from "vitest"
import { run } from "./testing/run.ts"
import { startTestPlatform } from "./testing.ts"

const program = `require("node:http").createServer((_, answer) => answer.end("from " + process.pid)).listen(process.env.PORT)`
const main = fileURLToPath(new URL("./main.ts", import.meta.url))

it.concurrent("the whole platform keeps everything in an etcd that is there already, its secrets sealed", async () => {
  await using etcd = await startEtcdOfMachine()
  const { caFile, certFile, keyFile } = etcd.files
  const proof = [`--store-cafile=${caFile}`, `--store-certfile=${certFile}`, `--store-keyfile=${keyFile}`]
  // The first of the endpoints is not there: the next is taken.
  const endpoints = `--store-endpoints=https://127.0.0.1:1,https://${etcd.endpoint}`
  const ask = async (...args: string[]): Promise<string> => {
    const files = ["--cacert", caFile, "--cert", certFile, "--key", keyFile]
    const { code, output } = await etcdctl(etcd, [...files, ...args])
    expect({ args, code, output }).toMatchObject({ code: 0 })
    return output
  }
  await using wick = await startTestPlatform(["--runtime=process", endpoints, ...proof, "--store-prefix=/clusters/one"])

  const kubectl = async (...args: string[]): Promise<string> => {
    const result = await wick.kubectl(...args)
    expect(result).toMatchObject({ code: 0 })
    return result.stdout
  }
  await kubectl("create", "configmap", "settings", "--from-literal=a=1")
  await using watch = wick.background("kubectl", "get", "configmap", "settings", "--watch", "-o", "jsonpath={.data.a}/")
  await watch.printed("1/")
  await kubectl("patch", "configmap", "settings", "--patch", '{"data":{"a":"2"}}')
  await watch.printed("2/")
  await kubectl("create", "secret", "generic", "hidden", "--from-literal=key=plainly-visible")
  expect(await kubectl("get", "configmap", "settings", "-o", "jsonpath={.data.a}")).toBe("2")
  expect(await kubectl("get", "secret", "hidden", "-o", "jsonpath={.data.key}")).toBe(btoa("plainly-visible"))

  const file = join(scratchDirectory("function"), "function.cjs")
  writeFileSync(file, program)
  const flags = ["--image", "dev.local/fn", "--command", "node", "--arg", file]
  expect(await wick.wick("deploy", "fn", ...flags)).toEqual({
    code: 0,
    stdout: expect.any(String),
    stderr: expect.any(String),
  })
  expect((await wick.call("fn.default.wick.localhost")).body).toMatch(/^from \d+$/)

  const keys = (await ask("get", "--prefix", "", "--keys-only")).split("\n").filter((line) => line !== "")
  expect(keys).toContain("/clusters/one/registry/core/configmaps/default/settings")
  expect(keys.filter((key) => !key.startsWith("/clusters/one/registry/"))).toEqual([])
  const secret = await ask("get", "/clusters/one/registry/core/secrets/default/hidden", "--print-value-only")
  expect(secret).not.toContain("plainly-visible")
  expect(secret).not.toContain(btoa("plainly-visible"))

  // A second control plane is not let in beside this one.
  const other = scratchDirectory("second")
  const ports = ["api", "gateway", "registry", "metrics"].map((flag) => `--${flag}=127.0.0.1:0`)
  const second = [main, "up", "--home", other, "--runtime=process", ...ports, endpoints, ...proof]
  const refused = await run(process.execPath, [...second, "--store-prefix=/clusters/one"], process.env)
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("the store is in use: control plane") })

  // A change made by another's hand is seen, and everything is there again after a start.
  await ask("del", "/clusters/one/registry/core/configmaps/default/settings")
  expect((await wick.kubectl("wait", "--for=delete", "configmap/settings", "--timeout=60s")).code).toBe(0)
  await wick.stop()
  await wick.restart()
  expect(await kubectl("get", "secret", "hidden", "-o", "jsonpath={.data.key}")).toBe(btoa("plainly-visible"))
  expect((await wick.call("fn.default.wick.localhost")).body).toMatch(/^from \d+$/)
})

it.concurrent("a start with an etcd that is not there says what each endpoint said", async () => {
  const home = scratchDirectory("no-etcd")
  const ports = ["api", "gateway", "registry", "metrics"].map((flag) => `--${flag}=127.0.0.1:0`)
  const flags = ["--home", home, "--runtime=process", ...ports, "--store-endpoints=http://127.0.0.1:1"]
  const { code, stderr } = await run(process.execPath, [main, "up", ...flags], process.env)
  expect(code).toBe(2)
  expect(stderr).toContain("the store does not answer; waiting for it")
  expect(stderr).toContain(
    "the store cannot be opened: no endpoint of etcd answers: http://127.0.0.1:1: connect ECONNREFUSED",
  )
})
