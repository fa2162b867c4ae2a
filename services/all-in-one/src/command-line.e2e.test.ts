import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Pod } from "@wick/sdk/api/core/pod"
import { run as exec, forwardPort, podLogLines } from "@wick/sdk/client"
import { scratchDirectory } from "@wick/sdk/testing/scratch"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { steady } from "./testing/burst.ts"
import { talkative } from "./testing/function-source.ts"
import { buildTestImages } from "./testing/images.ts"
import { run } from "./testing/run.ts"
import { until } from "./testing/until.ts"
import { startTestPlatform, type TestPlatform } from "./testing.ts"

let wick: TestPlatform
const host = "talk.default.wick.localhost"

beforeAll(async () => {
  wick = await startTestPlatform()
  await buildTestImages(wick.registry)
  const program = ["--command", "node", "--arg", "-e", "--arg", talkative]
  const deployed = await wick.wick("deploy", "talk", "--image", `${wick.registry}/echo`, "--scale", "1..1", ...program)
  expect(deployed.code).toBe(0)
})

afterAll(() => wick?.[Symbol.asyncDispose]())

async function podName(): Promise<string> {
  const labelSelector = "serving.knative.dev/service=talk"
  const { items } = await wick.client.list(Pod, { namespace: "default", labelSelector })
  return items.find(({ metadata }) => !metadata.deletionTimestamp)?.metadata.name ?? ""
}

const count = (text: string, part: string): number => text.split(part).length - 1

it("a further container runs beside a function that names no port, and a dry run of it can be applied later", async () => {
  const image = ["--image", `${wick.registry}/echo`]
  const side = await wick.wick("container", "add", "side", ...image, "--env", "PORT=8081", "--env", "LISTEN=8081")
  const file = join(scratchDirectory("side"), "side.yaml")
  writeFileSync(file, side.stdout)
  const deployed = await wick.wick("deploy", "two", ...image, "--containers", file)
  expect(deployed.stderr).toMatch(/ready after/)
  const shown = await wick.wick("deploy", "two", "--env", "A=1", "--dry-run=client", "-o", "yaml")
  expect(shown.stdout).not.toMatch(/resourceVersion|creator/)
  writeFileSync(file, shown.stdout)
  await wick.kubectl("annotate", "ksvc", "two", "meanwhile=changed")
  expect(await wick.kubectl("apply", "-f", file)).toMatchObject({ code: 0 })
  await wick.wick("delete", "two")
})

describe("kubectl reaches into a function's container", () => {
  it("runs a command in it, with its output and its exit code", async () => {
    const said = await wick.kubectl("exec", await podName(), "--", "node", "-p", "6*7")
    expect(said).toMatchObject({ code: 0, stdout: "42\n" })
    const failed = await wick.kubectl(
      "exec",
      await podName(),
      "--",
      "node",
      "-e",
      "console.error('no');process.exit(7)",
    )
    expect(failed.code).toBe(7)
    expect(failed.stderr).toContain("no\n")
  })

  it("follows its log", async () => {
    await using log = wick.background("kubectl", "logs", "-f", await podName())
    await log.printed("born")
    await wick.call(host, { path: "/followed" })
    await log.printed("asked /followed")
  })

  it("forwards a port to it", async () => {
    await using forward = wick.background("kubectl", "port-forward", await podName(), ":8080")
    const port = /127\.0\.0\.1:(\d+) ->/.exec(await forward.printed("-> 8080"))?.[1]
    const answers = await Promise.all([1, 2, 3].map((n) => fetch(`http://127.0.0.1:${port}/forwarded-${n}`)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    await expect.poll(async () => (await wick.kubectl("logs", await podName())).stdout).toContain("asked /forwarded-3")
  })
})

describe("the sdk's client reaches into a function's container", () => {
  it("runs a command in it, reads its log and speaks to its port", async () => {
    const reference = { name: await podName(), namespace: "default" }
    const program = "process.stdin.once('data',(d)=>{console.log('got '+d);console.error('no');process.exit(7)})"
    const command = ["node", "-e", program]
    expect(await exec(wick.client, reference, { command, input: "word" })).toEqual({
      code: 7,
      stdout: "got word\n",
      stderr: "no\n",
    })
    const { readable, writable } = await forwardPort(wick.client, reference, 8080)
    const request = "GET /by-hand HTTP/1.1\r\nhost: x\r\n\r\n"
    await writable.getWriter().write(Buffer.from(request))
    for await (const chunk of readable) {
      expect(Buffer.from(chunk).toString("latin1")).toMatch(/^HTTP\/1\.1 200 OK/)
      break
    }
    for await (const line of podLogLines(wick.client, reference, { follow: true })) {
      if (line.includes("asked /by-hand")) break
    }
    const nowhere = exec(wick.client, { ...reference, name: "nobody" }, { command: ["true"] })
    await expect(nowhere).rejects.toMatchObject({ reason: "NotFound", message: 'pods "nobody" not found' })
  })
})

describe("wick logs", () => {
  it("-f goes on through a restarted container and a replaced pod, says each line once, and ends on Ctrl-C", async () => {
    await using log = wick.background("wick", "logs", "talk", "-f", "--tail", "1")
    await wick.call(host, { path: "/first" })
    await log.printed("asked /first")
    await wick.call(host, { path: "/die" })
    await log.printed("asked /die")
    await log.printed("born")
    const first = await podName()
    await wick.client.delete(Pod, { name: first, namespace: "default" })
    await until("another pod", async () => ![first, ""].includes(await podName()))
    await log.printed(`[${await podName()}] born`)
    await wick.call(host, { path: "/last" })
    const printed = await log.printed("asked /last")
    for (const path of ["/first", "/die", "/last"]) expect(count(printed, `asked ${path}\n`)).toBe(1)
    expect(count(printed, `[${await podName()}] born\n`)).toBe(1)
    expect(await log.end("SIGINT")).toBe(130)
  })

  it("knows a function that does not exist from one that is quiet", async () => {
    expect(await wick.wick("logs", "tolk")).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/"tolk" not found\ntry: {3}wick list -A/),
    })
    const elsewhere = await wick.wick("deploy", "talk", "--image", "x", "-n", "nowhere")
    expect(elsewhere.stderr).toContain('"nowhere" not found\ntry:   kubectl create namespace nowhere')
  })
})

describe("wick deploy", () => {
  const dir = (): string => scratchDirectory("flags")
  const image = (): string[] => ["--image", `${wick.registry}/echo`]

  /** What a command printed that must not fail. */
  async function done(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await wick.wick(...words)
    expect(code, `wick ${words.join(" ")}: ${stderr}`).toBe(0)
    return stdout
  }

  it("gives a function what kn would: values of Secrets, files, probes, limits; and keeps what is not mentioned", async () => {
    const variables = join(dir(), "env")
    writeFileSync(variables, "# of a file\nFILE=one\n")
    await done("secret", "create", "keys", "--from-literal", "TOKEN=t0k")
    const flags = ["--env-from", "secret:keys", "--env-file", variables, "--env-value-from", "ALSO=secret:keys:TOKEN"]
    const files = ["--mount", "/keys=secret:keys", "--mount", "/scratch=ed:scratch:size=1Mi"]
    const more = [
      "--probe-readiness",
      "http:::/",
      "--limit",
      "memory=200Mi",
      "--request",
      "cpu=500m",
      "--user",
      "1000",
      "--scale",
      "1..2",
    ]
    await done("deploy", "flags", ...image(), ...flags, ...files, ...more)
    await done("deploy", "flags", "--env", "B=2", "--env", "FILE-", "--mount", "/scratch-")
    const labelSelector = "serving.knative.dev/revision=flags-00002"
    const { items } = await wick.client.list(Pod, { namespace: "default", labelSelector })
    const program = `const fs = require("node:fs"), { TOKEN, ALSO, B, FILE } = process.env
      console.log(JSON.stringify([TOKEN, ALSO, B, FILE ?? null, process.getuid(),
        fs.readFileSync("/keys/TOKEN", "utf8"), fs.existsSync("/scratch")]))`
    const reference = { name: items[0]?.metadata.name ?? "", namespace: "default" }
    const { stdout } = await exec(wick.client, reference, { command: ["node", "-e", program] })
    expect(JSON.parse(stdout)).toEqual(["t0k", "t0k", "2", null, 1000, "t0k", false])
    const told = await done("revision", "describe", "flags-00002")
    for (const part of ["ALSO=[secret:keys:TOKEN], B=2", "secret:keys", "memory=200Mi", "min-scale=1, max-scale=2"]) {
      expect(told).toContain(part)
    }
  })

  it("leads a domain to a function and away again", async () => {
    const domain = "flags.example.com"
    const unclaimed = await wick.wick("domain", "create", domain, "--ref", "flags")
    expect(unclaimed).toMatchObject({ code: 1, stderr: expect.stringContaining("no ClusterDomainClaim found") })
    await done("domain", "delete", domain)
    expect(await done("domain", "create", domain, "--ref", "flags", "--claim")).toBe(
      `http://${domain}:${wick.gatewayPort}\n`,
    )
    expect(await wick.call(domain)).toMatchObject({ status: 200 })
    expect(await done("domain", "list")).toMatch(/flags\.example\.com +\S+ +ksvc:flags +True/)
    await done("domain", "update", domain, "--ref", "kroute:talk")
    expect(await done("domain", "describe", domain)).toMatch(/Leads to: +kroute:talk/)
    await done("domain", "delete", domain)
    await until("nobody answers", async () => (await wick.call(domain)).status === 404)
  })

  it("prunes revisions that nobody refers to", async () => {
    await done("deploy", "flags", "--tag", "flags-00002=kept", "--env", "B=3")
    expect(await done("revision", "delete", "--prune", "flags")).toBe("revision/flags-00001 deleted\n")
    expect(await done("revision", "list", "-s", "flags", "-o", "name")).toBe(
      "revision.serving.knative.dev/flags-00003\nrevision.serving.knative.dev/flags-00002\n",
    )
    expect(await done("route", "describe", "flags")).toMatch(/0% +flags-00002 +no +kept +http:/)
    const path = "jsonpath={.status.traffic[*].revisionName}"
    expect(await done("describe", "flags", "-o", path)).toBe("flags-00003 flags-00002")
    await done("delete", "flags", "--no-wait")
  })
})

describe("a function whole", () => {
  it("is declared again and again, and only what its author took away goes", async () => {
    const image = ["--image", `${wick.registry}/echo`, "--request", "cpu=100m"]
    const declared = ["apply", "whole", ...image, "--env", "A=1"]
    expect((await wick.wick(...declared, "--label", "mine=1")).stderr).toContain("service/whole created")
    expect((await wick.wick(...declared, "--label", "mine=1")).stderr).toContain("service/whole unchanged")
    await wick.kubectl("label", "ksvc", "whole", "theirs=1")
    expect((await wick.wick(...declared)).stderr).toContain("service/whole updated")
    const { stdout } = await wick.wick("describe", "whole", "-o", "jsonpath={.metadata.labels}")
    expect(JSON.parse(stdout)).toEqual({ theirs: "1" })
  })

  it("goes elsewhere with its revisions, by import and by replay", async () => {
    await wick.wick("deploy", "whole", "--env", "A=2", "--tag", "whole-00002=old", "--label-revision", "mine=1")
    for (const name of ["imported", "replayed"]) await wick.kubectl("create", "namespace", name)
    const moved = await wick.bash(`set -o pipefail
      wick export whole --with-revisions | wick import - -n imported &&
      wick export whole --with-revisions --mode replay | wick apply -f - -n replayed`)
    expect(moved, moved.stderr).toMatchObject({ code: 0 })
    for (const namespace of ["imported", "replayed"]) {
      const names = await wick.wick("revisions", "whole", "-n", namespace, "-o", "name")
      expect(names.stdout.trim().split("\n").toSorted(), namespace).toEqual([
        "revision.serving.knative.dev/whole-00002",
        "revision.serving.knative.dev/whole-00003",
      ])
      expect(await wick.call(`old-whole.${namespace}.wick.localhost`)).toMatchObject({ status: 200 })
      expect(await wick.wick("wait", "whole", "-n", namespace)).toMatchObject({ code: 0 })
    }
    await wick.kubectl("delete", "namespace", "imported", "replayed", "--wait=false")
    await wick.wick("delete", "whole", "--no-wait")
  })
})

describe("wick top", () => {
  it("shows what goes through each revision, and the pods that answer it", async () => {
    await using top = wick.background("wick", "top", "--interval", "1s")
    const ended = new AbortController()
    const traffic = steady(2, () => wick.call(host, { path: "/" }), ended.signal)
    const row = /talk-00001 +1 +[1-9][\d.]* +0\.0 % +[\d.]+ ms +[\d.]+ ms +[\d.]+/
    await until("a busy revision", async () => row.test(top.output())).catch((error: Error) => {
      throw new Error(`${error.message}; it printed: ${top.output()}`)
    })
    expect(top.output()).toMatch(/REVISION +PODS +REQUESTS\/S +FAILING +P50 +P99 +CONCURRENCY/)
    ended.abort()
    await traffic
    expect(await top.end("SIGINT")).toBe(130)
  })
})

describe("wick completion", () => {
  /** What bash offers for a line, its last word being under the cursor. */
  async function offered(...line: string[]): Promise<string[]> {
    const words = ["wick", ...line].map((word) => `'${word}'`).join(" ")
    const { stdout, stderr } = await wick.bash(`source <(wick completion bash)
COMP_WORDS=(${words}); COMP_CWORD=${line.length}; compopt() { :; }
_wick; printf '%s\\n' "\${COMPREPLY[@]}"`)
    expect(stderr).toBe("")
    return stdout.trim().split("\n")
  }

  it("offers commands, flags, values and names that live in the API, in bash", async () => {
    expect(await offered("de")).toEqual(["deploy", "describe", "delete"])
    expect(await offered("list", "--sel")).toEqual(["--selector"])
    expect(await offered("list", "-o", "")).toEqual(["wide", "json", "yaml", "name", "url", "jsonpath="])
    expect(await offered("describe", "ta")).toEqual(["talk"])
    expect(await offered("logs", "-n", "knative")).toEqual(["knative-serving"])
    expect(await offered("traffic", "talk", "talk")).toEqual(["talk-00001="])
    expect(await offered("revision", "delete", "ta")).toEqual(["talk-00001"])
    expect((await wick.bash("source <(wick completion bash); complete -p wick")).stdout).toContain("-F _wick wick")
  })
})

describe("wick kubeconfig", () => {
  it("names a file that kubectl works with, and --raw prints the same", async () => {
    const path = (await wick.wick("kubeconfig")).stdout.trim()
    const home = scratchDirectory("kubeconfig")
    const copy = join(home, "config")
    writeFileSync(copy, (await wick.wick("kubeconfig", "--raw")).stdout, { mode: 0o600 })
    for (const file of [path, copy]) {
      const listed = await run("kubectl", ["get", "ksvc", "-o", "name", "--kubeconfig", file], {
        PATH: process.env.PATH,
        HOME: home,
      })
      expect(listed).toMatchObject({ code: 0, stdout: "service.serving.knative.dev/talk\n" })
    }
  })
})

describe("every command that reads", () => {
  const commands = ["list", "describe talk", "revisions talk", "traffic talk", "status", "version"]

  it.each(commands)("wick %s prints each format, plainly", async (line) => {
    const words = line.split(" ")
    const [json, yaml, name, wide] = await Promise.all(
      ["json", "yaml", "name", "wide"].map((format) => wick.wick(...words, "-o", format)),
    )
    for (const result of [json, yaml, name, wide]) {
      expect(result).toMatchObject({ code: 0, stderr: "" })
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape that begins a colour is what must not be there
      expect(result?.stdout).not.toMatch(/\u001b/)
    }
    const { parse } = await import("yaml")
    expect(parse(yaml?.stdout ?? "")).toMatchObject(withoutChanges(JSON.parse(json?.stdout ?? "")))
    expect(name?.stdout).toMatch(/^([a-z.]+\/\S+\n)+$/)
    expect(wide?.stdout).not.toBe(name?.stdout)
  })

  /** Between two reads only a status may move. */
  function withoutChanges(value: object): object {
    return "items" in value || "status" in value ? { kind: (value as { kind?: string }).kind } : value
  }
})
