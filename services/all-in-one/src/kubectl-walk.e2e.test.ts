import { once } from "node:events"
import { readFileSync, writeFileSync } from "node:fs"
import type { IncomingMessage } from "node:http"
import { get } from "node:https"
import { join } from "node:path"
import { binaryImage, fileEntry, parseImageReference, pushImage } from "@wick/sdk/oci"
import { scratchDirectory } from "@wick/sdk/testing/scratch"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestPlatform, type TestPlatform } from "./testing.ts"

/** kubectl with pods that run: a busybox that counts on its input, and what one does to it by hand. */
let wick: TestPlatform

beforeAll(async () => {
  wick = await startTestPlatform()
  const reference = parseImageReference("busybox", wick.registry)
  if (!reference) throw new Error("no image can be named in the registry")
  const applets = ["sh", "sleep", "cat", "echo", "tar", "ls", "true", "date"]
  const links = applets.flatMap((applet) => fileEntry("/bin/busybox", `bin/${applet}`, 0o755))
  await pushImage(binaryImage(links, { env: { PATH: "/bin" }, entrypoint: [], cmd: ["/bin/sh"] }), reference)
  await ok(
    "run",
    "box",
    `--image=${image()}`,
    "--",
    "sh",
    "-c",
    "mkdir -p /tmp; while true; do echo tick; sleep 1; done",
  )
  await ok("wait", "--for=condition=Ready", "pod/box", "--timeout=60s")
})
afterAll(() => wick?.[Symbol.asyncDispose]())

const image = (): string => `${wick.registry}/busybox`

async function ok(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await wick.kubectl(...words)
  expect({ words, code, stderr }).toMatchObject({ words, code: 0 })
  return stdout.trim()
}

describe("kubectl with a pod that runs", () => {
  it("runs a pod to its end, says what it printed and leaves nothing", async () => {
    const said = await ok(
      "run",
      "once",
      `--image=${image()}`,
      "--restart=Never",
      "--rm",
      "--attach",
      "--",
      "sh",
      "-c",
      "sleep 1; echo done",
    )
    expect(said).toMatch(/done[\s\S]*pod "once" deleted/)
    expect((await wick.kubectl("get", "pod", "once")).stderr).toContain('pods "once" not found')
  })

  it("attaches to what it prints", async () => {
    await using attached = wick.background("kubectl", "attach", "box")
    expect(await attached.printed("tick")).toContain("tick")
  })

  it("copies a file in and out again", async () => {
    const directory = scratchDirectory("copy")
    writeFileSync(join(directory, "in"), "there and back\n")
    await ok("cp", join(directory, "in"), "box:/in")
    expect(await ok("exec", "box", "--", "cat", "/in")).toBe("there and back")
    await ok("cp", "box:/in", join(directory, "out"))
    expect(readFileSync(join(directory, "out"), "utf8")).toBe("there and back\n")
  })

  it("debugs it with a container of another image", async () => {
    await ok("debug", "box", `--image=${image()}`, "--container=look", "--", "sh", "-c", "echo looking; sleep 60")
    const running = "jsonpath={.status.ephemeralContainerStatuses[0].state.running.startedAt}"
    await ok("wait", `--for=${running}`, "pod/box", "--timeout=60s")
    await expect.poll(() => ok("logs", "box", "-c", "look")).toBe("looking")
  })

  it("shows what pods and nodes use", async () => {
    await ok("run", "busy", `--image=${image()}`, "--", "sh", "-c", "while :; do :; done")
    await ok("wait", "--for=condition=Ready", "pod/busy", "--timeout=60s")
    // Until somebody looks a second time what is told is from its start on, which may have been slow.
    const used = async () => {
      const told = await ok("top", "pod", "busy", "--containers")
      const [, name, container, cpu, memory] = /^(busy) +(busy) +(\d+)m +(\d+)Mi$/m.exec(told) ?? []
      return [name, container, Number(cpu) > 100, Number(memory) < 100]
    }
    await expect.poll(used).toEqual(["busy", "busy", true, true])
    await expect.poll(() => ok("top", "pod", "-A", "--sort-by=cpu", "--no-headers")).toMatch(/^default +busy +\d+m/)
    expect(await ok("top", "node", "--no-headers")).toMatch(/^\S+ +\d+m +\d+% +\d+Mi +\d+%/)
    expect(await ok("get", "podmetrics", "busy", "--no-headers")).toMatch(/^busy +\d+\S* +\d+\S* +\S+s$/)
    const node = await ok("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")
    const metrics = await ok("get", "--raw", `/api/v1/nodes/${node}/proxy/metrics/resource`)
    expect(metrics).toMatch(/^container_cpu_usage_seconds_total\{container="busy",namespace="default",pod="busy"\} /m)
    await ok("delete", "pod", "busy", "--grace-period=1")
  })

  it("tells where a node itself can be asked, by who may", async () => {
    const status = (path: string): Promise<string> => ok("get", "nodes", "-o", `jsonpath={.items[0].status.${path}}`)
    const host = await status('addresses[?(@.type=="InternalIP")].address')
    const port = await status("daemonEndpoints.kubeletEndpoint.Port")
    const ask = async (headers: Record<string, string>): Promise<number | undefined> => {
      const options = { host, port, path: "/metrics/resource", headers, rejectUnauthorized: false }
      const [response] = (await once(get(options), "response")) as [IncomingMessage]
      response.resume()
      return response.statusCode
    }
    expect(await ask({})).toBe(401)
    const token = await ok("create", "token", "default")
    expect(await ask({ authorization: `Bearer ${token}` })).toBe(403)
  })

  it("drains the node of pods that nobody would make again only by force", async () => {
    const node = await ok("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")
    const drain = [
      "drain",
      node,
      "--ignore-daemonsets",
      "--delete-emptydir-data",
      "--pod-selector=run=box",
      "--timeout=60s",
    ]
    expect((await wick.kubectl(...drain)).stderr).toMatch(/cannot delete .*declare no controller.*default\/box/)
    expect(await ok(...drain, "--force", "--grace-period=1")).toContain("pod/box evicted")
    expect(await ok("uncordon", node)).toBe(`node/${node} uncordoned`)
    expect((await wick.kubectl("get", "pod", "box")).stderr).toContain('pods "box" not found')
  })
})
