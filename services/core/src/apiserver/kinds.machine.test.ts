import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Ran, runKubectl } from "./testing/kubectl.ts"
import { type SecureTestApi, startSecureTestApi } from "./testing/start-secure.ts"

let api: SecureTestApi
beforeAll(async () => {
  api = await startSecureTestApi()
  await ok("create serviceaccount default")
})
afterAll(() => api[Symbol.asyncDispose]())

const kubectl = (command: string | string[]): Promise<Ran> => runKubectl(api, command)

async function ok(command: string | string[]): Promise<string> {
  const { code, out, err } = await kubectl(command)
  expect({ command, code, err }).toMatchObject({ command, code: 0 })
  return out
}

async function apply(name: string, yaml: string, options = ""): Promise<string> {
  const path = join(api.directory, `${name}.yaml`)
  await writeFile(path, yaml)
  return ok(`apply -f ${path} ${options}`.trim())
}

const database = (command: string, size = "1Gi") => `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
      - {name: db, image: "db:1", command: [${command}], volumeMounts: [{name: data, mountPath: /data}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: ${size}}}}
`

describe("kubectl", () => {
  it("makes jobs, cron jobs, autoscalers and budgets", async () => {
    await ok("create job one --image=busybox:1 -- date")
    await ok(["create", "cronjob", "hourly", "--image=busybox:1", "--schedule=0 * * * *", "--", "date"])
    await ok("create job now --from=cronjob/hourly")
    await ok("create deployment web --image=nginx:1 --replicas=2")
    await ok("autoscale deployment web --min=2 --max=5 --cpu-percent=60")
    await ok("create pdb web --selector=app=web --min-available=1")
    expect(await ok("get jobs")).toMatch(
      /^NAME +STATUS +COMPLETIONS +DURATION +AGE\nnow +Running +0\/1 .*\none +Running/,
    )
    expect(await ok("get cronjobs")).toMatch(
      /NAME +SCHEDULE +TIMEZONE +SUSPEND.*\nhourly +0 \* \* \* \* +<none> +False +0/,
    )
    expect(await ok("get hpa")).toMatch(/web +Deployment\/web +cpu: <unknown>\/60% +2 +5 +0/)
    expect(
      await ok("get horizontalpodautoscalers.v1.autoscaling web -o jsonpath={.spec.targetCPUUtilizationPercentage}"),
    ).toBe("60")
    expect(await ok("get pdb")).toMatch(/web +1 +N\/A +0/)
    expect(await ok("describe job one")).toContain("batch.kubernetes.io/job-name=one")
  })

  it("applies a stateful set again and again, and is told what of it cannot change", async () => {
    expect(await apply("db", database("one"))).toContain("statefulset.apps/db created")
    const version = () => ok("get sts db -o jsonpath={.metadata.resourceVersion}")
    const before = await version()
    await apply("db", database("one"))
    expect(await version()).toBe(before)
    expect(await apply("db", database("two"))).toContain("statefulset.apps/db configured")
    expect(await apply("db", database("two"), "--server-side --force-conflicts")).toContain("serverside-applied")
    await ok("scale statefulset db --replicas=3")
    expect(await ok("get sts db")).toMatch(/db +0\/3/)
    const path = join(api.directory, "larger.yaml")
    await writeFile(path, database("two", "2Gi"))
    expect((await kubectl(`apply -f ${path}`)).err).toContain(
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template'",
    )
  })

  it("explains the new kinds, down to the claims in a stateful set", async () => {
    expect(await ok("explain statefulset.spec.volumeClaimTemplates.spec.accessModes")).toContain("VERSION:    v1")
    expect(await ok("explain hpa.spec.metrics.resource.target")).toContain("averageUtilization")
    expect(await ok("explain cronjob.spec.jobTemplate.spec.podFailurePolicy.rules")).toContain("onExitCodes")
  })

  it("adds a container that looks into a pod, and gives a pod more", async () => {
    await ok([
      "run",
      "app",
      "--image=nginx:1",
      "--overrides",
      '{"spec":{"containers":[{"name":"app","image":"nginx:1","resources":{"requests":{"cpu":"1"}}}]}}',
    ])
    await ok("debug app --image=busybox:1 --container=look -- sh")
    expect(await ok("get pod app -o jsonpath={.spec.ephemeralContainers[0].name}")).toBe("look")
    const patch = '{"spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":"2"}}}]}}'
    await ok(["patch", "pod", "app", "--subresource=resize", "--patch", patch])
    expect(await ok("get pod app -o jsonpath={.spec.containers[0].resources.requests.cpu}")).toBe("2")
    expect((await kubectl(["patch", "pod", "app", "--patch", patch.replace("2", "3")])).err).toContain(
      "pod updates may not change fields other than",
    )
  })

  it("shows what is wrong with a pod, all at once", async () => {
    const path = join(api.directory, "wrong.yaml")
    const spec = "{containers: [{name: A, image: a, ports: [{containerPort: 70000}]}, {name: b}]}"
    await writeFile(path, `apiVersion: v1\nkind: Pod\nmetadata: {name: wrong}\nspec: ${spec}\n`)
    const { err } = await kubectl(`create -f ${path}`)
    expect(err).toContain('* spec.containers[0].name: Invalid value: "A"')
    expect(err).toContain(
      "* spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535",
    )
    expect(err).toContain("* spec.containers[1].image: Required value")
  })
})
