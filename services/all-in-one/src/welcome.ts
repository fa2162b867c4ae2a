import { join } from "node:path"
import type { ControlPlane } from "@wick/core"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { Service } from "@wick/sdk/api/serving/service"
import { hostPort } from "@wick/sdk/host-port"
import { isLoopbackName } from "@wick/sdk/loopback-name"
import { nodeImage, parseImageReference, pushImage } from "@wick/sdk/oci"
import { call } from "./call.ts"
import type { Home } from "./home.ts"
import type { Address, Options } from "./options.ts"
import { Refusal } from "./refusal.ts"

const example = join(import.meta.dirname, "..", "..", "..", "examples", "hello")
const name = "hello"
const namespace = "default"
/** For a runtime without images. What is of `dev.local` is looked for in no registry. */
const plainProgram = { image: `dev.local/${name}`, command: [process.execPath, join(example, "index.ts")] }
const readyMs = 60_000
const user = { name: "wick-start", groups: ["system:masters"] }

/** Builds and deploys examples/hello unless it is there, calls it, and says how long each took. */
export async function deployExample(
  options: Options,
  controlPlane: ControlPlane,
  say: (line: string) => void,
): Promise<void> {
  const client = controlPlane.clientAs(user)
  const step = async <T>(title: string, action: () => Promise<T>): Promise<T> => {
    const startedAt = performance.now()
    const result = await action()
    say(`  ${`${Math.round(performance.now() - startedAt)} ms`.padEnd(8)} ${title}`)
    return result
  }
  const existing = await client.get(Service, { name, namespace }).catch((error: unknown) => {
    if (isStatus(error, "NotFound")) return undefined
    throw error
  })
  const registry = text(options.registry)
  const plain = options.runtime === "process"
  if (!existing) {
    if (!plain) await step("build examples/hello", () => build(registry))
    await step("deploy hello", async () => {
      const program = plain ? plainProgram : { image: `${registry}/${name}` }
      const template = { spec: { containers: [{ name: "user-container", ...program }] } }
      await client.create(Service, { metadata: { name, namespace }, spec: { template } })
      await ready(client)
    })
  }
  const answer = await step("call hello", () => call(options.gateway.port, hostOf(options)))
  say(`           hello answered ${answer.status}: ${answer.body.trim()}`)
}

async function build(registry: string): Promise<void> {
  const reference = parseImageReference(name, registry)
  if (reference) await pushImage(nodeImage({ directory: example }), reference)
}

async function ready(client: ReturnType<ControlPlane["clientAs"]>): Promise<void> {
  const signal = AbortSignal.timeout(readyMs)
  let last = "it was not looked at"
  try {
    for await (const event of client.watch(Service, { namespace, fieldSelector: `metadata.name=${name}`, signal })) {
      if (event.type === "BOOKMARK" || event.type === "DELETED") continue
      const { status, metadata } = event.object
      const condition = status?.conditions?.find(({ type }) => type === "Ready")
      last = `${condition?.reason ?? ""} ${condition?.message ?? ""}`.trim()
      if (condition?.status === "True" && status?.observedGeneration === metadata.generation) return
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
  throw new Refusal(`hello did not become ready: ${last}`, `wick describe ${name}`)
}

function hostOf({ domain, gateway }: Options): string {
  return `${name}.${namespace}.${domain}:${gateway.port}`
}

/** What one needs to know to go on. */
export function summary(options: Options, home: Home, withExample: boolean): string {
  const url = `http://${hostOf(options)}`
  const reach = isLoopbackName(options.domain) ? url : `http://${text(options.gateway)} (Host: ${hostOf(options)})`
  const lines = [
    "",
    "Wick is running.",
    ...(withExample
      ? [`  function     ${url}`, `  call it      curl ${reach}`]
      : [`  gateway      http://${text(options.gateway)}`]),
    `  kubeconfig   export KUBECONFIG=${shellWord(home.kubeconfig)}`,
    "",
    "Next:",
    ...next(options, withExample).map((line) => `  ${line}`),
    "",
    "Ctrl-C stops it; state stays.",
    "",
  ]
  return lines.map((line) => `${line}\n`).join("")
}

/** What a shell takes for one word. */
function shellWord(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}

function next({ serving, registry }: Options, withExample: boolean): string[] {
  if (serving === "off") return ["kubectl get nodes,pods -A", `npm run images -- --registry ${text(registry)}/wick`]
  const deploy = "npm run wick -- deploy hello"
  const first = withExample
    ? ["npm run wick -- list", `${deploy} --env GREETING=Hi`]
    : ["npm run wick -- build examples/hello -t hello", `${deploy} --image ${text(registry)}/hello`]
  return [...first, "kubectl get ksvc,pods -A"]
}

function text({ host, port }: Address): string {
  return hostPort(host, port)
}
