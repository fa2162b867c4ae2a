import { equal, holds, includes } from "../expectation.ts"
import type { Loose } from "../samples.ts"
import type { Statement } from "../topic.ts"
import type { World } from "../world.ts"
import { type Changes, functionOf, nowhere, services } from "./functions.ts"

/** S20–S27: what is filled in when nothing is said. */
export const defaulting: Statement = (it) => {
  it("S20: all traffic goes to the latest revision", async (world) => {
    equal((await made(world)).traffic, [{ latestRevision: true, percent: 100 }])
  })

  it("S20: a target without a revision is the latest", async (world) => {
    const { traffic } = await made(world, { traffic: [{ percent: 100 }] })
    equal(traffic, [{ latestRevision: true, percent: 100 }])
  })

  it("S21: a request may take 300 seconds", async (world) => {
    const { spec } = (await made(world)).template
    equal([spec.timeoutSeconds, spec.responseStartTimeoutSeconds, spec.idleTimeoutSeconds], [300, undefined, undefined])
  })

  it("S21: a timeout of zero means the default", async (world) => {
    equal((await made(world, { spec: { timeoutSeconds: 0 } })).template.spec.timeoutSeconds, 300)
  })

  it("S22: concurrency is not limited", async (world) => {
    equal((await made(world)).template.spec.containerConcurrency, 0)
  })

  it("S23: the only container is named user-container", async (world) => {
    equal((await made(world)).template.spec.containers[0].name, "user-container")
  })

  it("S23: several containers without names are counted", async (world) => {
    const containers = [{ image: nowhere, ports: [{ containerPort: 8080 }] }, { image: nowhere }]
    const { spec } = (await made(world, { spec: { containers } })).template
    equal(
      spec.containers.map(({ name }: Loose) => name),
      ["user-container-0", "user-container-1"],
    )
  })

  it("S24: readiness is asked over TCP", async (world) => {
    const [container] = (await made(world)).template.spec.containers
    includes(container.readinessProbe, { successThreshold: 1 })
    holds(container.readinessProbe.tcpSocket, "there is a tcpSocket")
  })

  it("S24: a probe with a period gets limits, one without gets none", async (world) => {
    const readinessProbe = { httpGet: { path: "/healthy" }, periodSeconds: 5 }
    const [slow] = (await made(world, { container: { readinessProbe } })).template.spec.containers
    includes(slow.readinessProbe, { failureThreshold: 3, timeoutSeconds: 1, periodSeconds: 5 })
    const aggressive = { readinessProbe: { httpGet: { path: "/healthy" }, periodSeconds: 0 } }
    const [quick] = (await made(world, { container: aggressive }, "b")).template.spec.containers
    equal([quick.readinessProbe.failureThreshold, quick.readinessProbe.timeoutSeconds], [undefined, undefined])
  })

  it("S25: Services are not told by environment, and what is mounted is read-only", async (world) => {
    const volumes = [{ name: "v", configMap: { name: "v" } }]
    const container = { volumeMounts: [{ name: "v", mountPath: "/v" }] }
    const { spec } = (await made(world, { spec: { volumes, containers: [{ image: nowhere, ...container }] } })).template
    equal(spec.enableServiceLinks, false)
    equal(spec.containers[0].volumeMounts[0].readOnly, true)
  })

  it("S27: a container without a security context is warned of", async ({ wire, path }) => {
    const { warnings } = await wire("POST", path(services), functionOf("a", nowhere))
    const text = "Kubernetes default value is insecure, Knative may default this to secure in a future release"
    holds(
      warnings.some((warning) => warning.includes(text)),
      `warnings: ${warnings.join("; ")}`,
    )
  })
}

async function made({ wire, path }: World, changes: Changes = {}, name = "a"): Promise<Loose> {
  const { body, code } = await wire("POST", path(services), functionOf(name, nowhere, changes))
  equal(code, 201, JSON.stringify(body))
  return body.spec
}
