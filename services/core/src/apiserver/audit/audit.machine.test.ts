import { execFile } from "node:child_process"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { startTestControlPlane } from "../../testing/control-plane.ts"
import { ownDirectory } from "../../testing/own-directory.ts"

/** The whole control plane with a policy of its own, and a real kubectl over a real socket. */
const running = new AsyncDisposableStack()
let directory = ""

const policy = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitManagedFields: true
omitStages: [RequestReceived]
rules:
- level: RequestResponse
  users: [kubernetes-admin]
  resources: [{group: "", resources: [pods, namespaces, configmaps]}]
`

beforeAll(async () => {
  directory = await ownDirectory(running, "audited")
  await mkdir(join(directory, "audit"), { mode: 0o700 })
  await writeFile(join(directory, "audit", "policy.yaml"), policy, { mode: 0o600 })
  running.use(await startTestControlPlane(directory))
})
afterAll(() => running.disposeAsync())

function kubectl(command: string): Promise<string> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH, HOME: directory, KUBECONFIG: join(directory, "kubeconfig") }
    execFile("kubectl", command.split(" "), { env }, (_, out) => resolve(out.trim()))
  })
}

interface Event {
  readonly stage: string
  readonly level: string
  readonly verb: string
  readonly requestURI: string
  readonly objectRef: { readonly resource: string; readonly name?: string }
  readonly requestObject?: { readonly metadata: object }
  readonly responseObject?: { readonly kind: string; readonly metadata: object; readonly items?: object[] }
}

async function recorded(matches: (event: Event) => boolean): Promise<Event[]> {
  const text = await readFile(join(directory, "audit", "audit.log"), "utf8")
  const events = text.split("\n").slice(0, -1)
  return events.map((line) => JSON.parse(line) as Event).filter(matches)
}

it("a watch is written down when it begins and when it ends", async () => {
  await kubectl("get pods --watch --request-timeout=3s")
  const watched = (): Promise<string[]> =>
    recorded(({ verb }) => verb === "watch").then((events) => events.map(({ stage }) => stage))
  await expect.poll(watched).toEqual(["ResponseStarted", "ResponseComplete"])
})

it("what was sent and answered is written down, without managedFields, and never of a config map", async () => {
  await kubectl("create namespace made")
  await kubectl("create configmap hidden --from-literal=a=hunter2")
  expect(await kubectl("get namespaces -o name")).toContain("namespace/made")
  const created = (): Promise<Event[]> => recorded(({ verb }) => verb === "create")
  await expect.poll(async () => (await created()).length).toBe(2)
  const [namespace, map] = await created()
  expect(namespace).toMatchObject({ level: "RequestResponse", responseObject: { kind: "Namespace" } })
  expect(namespace?.requestObject?.metadata).toMatchObject({ name: "made" })
  expect(namespace?.responseObject?.metadata).not.toHaveProperty("managedFields")
  expect(map).toMatchObject({ level: "Metadata" })
  expect(await readFile(join(directory, "audit", "audit.log"), "utf8")).not.toContain("hunter2")
})

it("who was let in, and who was not, is counted at /metrics", async () => {
  const server = await kubectl("config view --minify -o jsonpath={.clusters[0].cluster.server}")
  const authority = join(directory, "pki", "ca.crt")
  await kubectl(`get pods --kubeconfig=/dev/null --server=${server} --certificate-authority=${authority} --token=none`)
  const metrics = await kubectl("get --raw /metrics")
  expect(Number(/^authentication_attempts\{result="success"\} (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(3)
  expect(Number(/^authentication_attempts\{result="failure"\} (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(0)
})

it("events are counted at /metrics", async () => {
  const metrics = await kubectl("get --raw /metrics")
  expect(Number(/^apiserver_audit_event_total (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(3)
  expect(metrics).toMatch(/^apiserver_audit_level_total\{level="RequestResponse"\} \d+$/m)
  expect(metrics).toMatch(/^apiserver_audit_error_total\{plugin="log"\} 0$/m)
})
