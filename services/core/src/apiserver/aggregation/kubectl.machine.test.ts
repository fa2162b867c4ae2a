import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  type ExtensionServer,
  group,
  registration,
  startExtensionServer,
  version,
} from "../testing/extension-server.ts"
import { runKubectl } from "../testing/kubectl.ts"
import { type SecureTestApi, startSecureTestApi } from "../testing/start-secure.ts"

const undo = new AsyncDisposableStack()
let api: SecureTestApi
let wardle: ExtensionServer
const kubectl = async (command: string, input = ""): Promise<string> => {
  const { out, err, code } = await runKubectl(api, command, { input })
  return code === 0 ? out : `failed: ${err}`
}

beforeAll(async () => {
  api = undo.use(await startSecureTestApi())
  wardle = undo.use(await startExtensionServer(api))
  const objects = Object.values(registration(api, wardle))
  const list = { apiVersion: "v1", kind: "List", items: objects }
  const applied = await kubectl("apply -f -", JSON.stringify(list))
  expect(applied.split("\n")).toHaveLength(objects.length)
  await kubectl(`wait apiservice/${version}.${group} --for=condition=Available --timeout=60s`)
})
afterAll(() => undo.disposeAsync())

describe("kubectl, with an extension server", () => {
  it("shows its objects in its own columns", async () => {
    expect(await kubectl("get flunders -n shop")).toBe("NAME   SIZE\nred    3\nblue   3")
    expect(await kubectl("get fl red -n shop -o jsonpath={.spec.size}")).toBe("3")
    expect(wardle.seen.at(-1)?.headers["x-remote-user"]).toBe("kubernetes-admin")
  })

  it("lists what it serves among the rest", async () => {
    const listed = await kubectl(`api-resources --api-group=${group} --no-headers`)
    expect(listed.split(/ +/)).toEqual(["flunders", "fl", `${group}/${version}`, "true", "Flunder"])
    expect(await kubectl("api-versions")).toContain(`${group}/${version}`)
  })

  it("shows which server answers for what", async () => {
    const lines = (await kubectl("get apiservices")).split("\n")
    expect(lines.find((line) => line.startsWith(`${version}.${group}`))).toMatch(/shop\/wardle +True/)
    expect(lines.find((line) => line.startsWith("v1.apps "))).toMatch(/Local +True/)
  })

  it("explains it in the server's words", async () => {
    expect(await kubectl("explain flunder")).toMatch(/KIND: +Flunder[\s\S]*A flunder\./)
  })

  it("creates an object there", async () => {
    const object = {
      apiVersion: `${group}/${version}`,
      kind: "Flunder",
      metadata: { name: "green", namespace: "shop" },
    }
    expect(await kubectl("create -f -", JSON.stringify(object))).toBe(`flunder.${group}/green created`)
  })

  it("knows its fields", async () => {
    const object = { apiVersion: `${group}/${version}`, kind: "Flunder", metadata: { name: "grey" }, spec: { sise: 1 } }
    expect(await kubectl("create -n shop -f -", JSON.stringify(object))).toContain('unknown field "sise"')
  })

  it("hears that the server is away", async () => {
    await wardle[Symbol.asyncDispose]()
    expect(await kubectl("get flunders -n shop")).toMatch(/the server is currently unable to handle the request/)
    await kubectl(`wait apiservice/${version}.${group} --for=condition=Available=False --timeout=60s`)
    expect(await kubectl(`get apiservice ${version}.${group} --no-headers`)).toMatch(/False \(FailedDiscoveryCheck\)/)
  })
})
