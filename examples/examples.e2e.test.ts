import { join } from "node:path"
import { startTestPlatform, type TestPlatform } from "@wick/all-in-one/testing"
import { binaryImage, entriesOf, fileEntry, parseImageReference, pushImage } from "@wick/sdk/oci"
import { afterAll, beforeAll, expect, it } from "vitest"

let wick: TestPlatform

beforeAll(async () => {
  wick = await startTestPlatform()
})
afterAll(() => wick?.[Symbol.asyncDispose]())

const directory = (name: string): string => join(import.meta.dirname, name)
const call = (name: string, path = "/") => wick.call(`${name}.default.wick.localhost`, { path })

async function deploy(name: string, image: string): Promise<void> {
  const { code, stderr } = await wick.wick("deploy", name, "--image", `${wick.registry}/${image}`)
  expect(stderr + code).toMatch(/ready after .*0$/s)
}

it("hello greets whom it is told to", async () => {
  expect((await wick.wick("build", directory("hello"), "-t", "hello")).code).toBe(0)
  await deploy("hello", "hello")
  expect(await call("hello", "/?name=Ada")).toMatchObject({ status: 200, body: "Hello, Ada!\n" })
})

it("hello-v2 becomes a second revision of hello, and the first still has a URL by its tag", async () => {
  expect((await wick.wick("build", directory("hello-v2"), "-t", "hello:v2")).code).toBe(0)
  await deploy("hello", "hello:v2")
  expect((await call("hello")).body).toContain("Hello from version 2, World!")
  expect((await wick.wick("traffic", "hello", "--tag", "hello-00001=first")).code).toBe(0)
  expect((await call("first-hello")).body).toBe("Hello, World!\n")
})

it("static answers without a line of JavaScript", async () => {
  const files = [...entriesOf(directory("static"), "."), ...fileEntry("/bin/busybox", "/bin/busybox", 0o755)]
  const shipped = files.map((entry) => ({ ...entry, path: entry.path.replace(/^\.\//, "") }))
  const reference = parseImageReference("static", wick.registry)
  expect(reference).toBeDefined()
  if (reference) await pushImage(binaryImage(shipped, { entrypoint: ["/start"], user: "65532" }), reference)
  await deploy("static", "static")
  expect((await call("static")).body).toBe("Hello from a static binary\n")
})
