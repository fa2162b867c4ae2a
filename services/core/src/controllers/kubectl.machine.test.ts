import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { ServiceAccount } from "@wick/sdk/api/core/service-account"
import { systemClock } from "@wick/sdk/clock"
import { createInformers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { runAsUser, startTestControlPlane } from "../testing/control-plane.ts"
import { ownDirectory } from "../testing/own-directory.ts"
import { until } from "./testing/cluster.ts"
import { createNode, playKubelet } from "./testing/kubelet.ts"

/** The whole control plane on a disk and a port, a node whose kubelet is played, and a real kubectl. */
const running = new AsyncDisposableStack()
const played = { ready: true }
let directory = ""

beforeAll(async () => {
  directory = await ownDirectory(running, "kubectl")
  const plane = running.use(await startTestControlPlane(directory))
  const client = plane.clientAs({ name: "tester", groups: ["system:masters"] })
  const informers = running.use(createInformers(client, systemClock, silentLog))
  await createNode(client, "node-1")
  running.use(playKubelet(Object.assign(played, { client, informers })))
  const inDefault = (all: ServiceAccount[]): boolean => all.some(({ metadata }) => metadata.namespace === "default")
  await until(informers(ServiceAccount), inDefault)
})
afterAll(() => running.disposeAsync())

const kubectl = (command: string, input = ""): Promise<string> =>
  runAsUser(directory, "kubectl", command.split(" "), input)
const manifest = (replicas: number, image: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "${image}"}]}
`
const images = (): Promise<string> => kubectl("get pods -l app=web -o jsonpath={.items[*].spec.containers[0].image}")

describe("kubectl", () => {
  it("rolls a deployment out, over and back, and tells its history", async () => {
    await kubectl("apply -f -", manifest(3, "web:1"))
    expect(await kubectl("rollout status deployment/web --timeout=60s")).toContain("successfully rolled out")
    await kubectl("set image deployment/web web=web:2")
    expect(await kubectl("rollout status deployment/web --timeout=60s")).toContain("successfully rolled out")
    await kubectl("wait --for=jsonpath={.status.terminatingReplicas}=0 deployment/web --timeout=60s")
    expect(await images()).toBe("web:2 web:2 web:2")
    await kubectl("rollout undo deployment/web")
    expect(await kubectl("rollout status deployment/web --timeout=60s")).toContain("successfully rolled out")
    await kubectl("wait --for=jsonpath={.status.terminatingReplicas}=0 deployment/web --timeout=60s")
    expect(await images()).toBe("web:1 web:1 web:1")
    expect(
      (await kubectl("rollout history deployment/web"))
        .split("\n")
        .slice(2)
        .map((line) => line.split(" ")[0]),
    ).toEqual(["2", "3"])
    await kubectl("rollout restart deployment/web")
    expect(await kubectl("rollout status deployment/web --timeout=60s")).toContain("successfully rolled out")
  })

  it("scales, waits and describes why a pod cannot run", async () => {
    await kubectl("scale deployment/web --replicas=5")
    await kubectl("wait --for=jsonpath={.status.availableReplicas}=5 deployment/web --timeout=60s")
    expect(await kubectl("get deployment web --no-headers")).toMatch(/^web +5\/5 +5 +5 /)
    await kubectl(
      'run greedy --image=x --overrides {"spec":{"containers":[{"name":"greedy","image":"x","resources":{"requests":{"cpu":"64"}}}]}}',
    )
    await kubectl("wait --for=condition=PodScheduled=false pod/greedy --timeout=60s")
    expect(await kubectl("get pod greedy -o jsonpath={.status.conditions[0].message}")).toContain("1 Insufficient cpu.")
    await kubectl("delete pod greedy")
  })

  it("exposes a deployment and sees its endpoints", async () => {
    await kubectl("expose deployment web --port=80 --target-port=8080")
    await kubectl("wait --for=jsonpath={.subsets[0].ports[0].port}=8080 endpoints/web --timeout=60s")
    const slice = await kubectl(
      "get endpointslices -l kubernetes.io/service-name=web -o jsonpath={.items[0].endpoints[*].conditions.ready}",
    )
    expect(slice).toBe("true true true true true")
  })

  it("drains a node", async () => {
    await kubectl("cordon node-1")
    expect(await kubectl("get node node-1 --no-headers")).toContain("SchedulingDisabled")
    await kubectl("drain node-1 --ignore-daemonsets --timeout=60s")
    const pending = await kubectl("get pods -l app=web -o jsonpath={.items[*].status.phase}")
    expect(new Set(pending.split(" "))).toEqual(new Set(["Pending"]))
    await kubectl("uncordon node-1")
    await kubectl("wait --for=condition=Ready pod -l app=web --timeout=60s")
  })

  it("deletes a namespace with all that is in it", async () => {
    await kubectl("create namespace team")
    await writeFile(join(directory, "web.yaml"), manifest(2, "web:1"))
    await kubectl(`apply -n team -f ${join(directory, "web.yaml")}`)
    await kubectl("rollout status -n team deployment/web --timeout=60s")
    await kubectl("delete namespace team --timeout=60s")
    expect(await kubectl("get all -n team --ignore-not-found")).toBe("")
  })

  it("deletes a deployment and everything that came of it", async () => {
    await kubectl("delete service/web deployment/web --cascade=foreground --timeout=60s")
    expect(await kubectl("get pods,replicasets,endpoints -l app=web -o name")).toBe("")
  })
})
