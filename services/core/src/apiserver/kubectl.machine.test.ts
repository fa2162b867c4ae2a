import { chmod, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { CustomResourceDefinition, crd, KnativeService } from "@wick/sdk/api"
import { createClient } from "@wick/sdk/client"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Ran, type RunOptions, runKubectl } from "./testing/kubectl.ts"
import { type SecureTestApi, startSecureTestApi } from "./testing/start-secure.ts"

let api: SecureTestApi

beforeAll(async () => {
  api = await startSecureTestApi()
  await writeFile(join(api.directory, "web.yaml"), web("one"))
  await writeFile(join(api.directory, "web-2.yaml"), web("two"))
  await ok("create serviceaccount default")
  await ok(`apply -f ${join(api.directory, "web.yaml")}`)
})
afterAll(() => api[Symbol.asyncDispose]())

const kubectl = (command: string | string[], options?: RunOptions): Promise<Ran> => runKubectl(api, command, options)

/** What a command printed that must not fail. */
async function ok(command: string | string[], options?: RunOptions): Promise<string> {
  const { code, out, err } = await kubectl(command, options)
  expect({ command, code, err }).toMatchObject({ command, code: 0 })
  return out
}

const field = (resource: string, path: string): Promise<string> => ok(["get", resource, "-o", `jsonpath={${path}}`])

const web = (image: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "${image}", ports: [{containerPort: 80}], env: [{name: A, value: "1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
`

describe("kubectl looks", () => {
  it("at lists as tables, wide or not, sorted and selected", async () => {
    expect(await ok("get deployments")).toMatch(/^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0\/2/)
    expect(await ok("get deploy -o wide")).toMatch(/CONTAINERS +IMAGES +SELECTOR\n.*web +one +app=web/)
    expect(await ok("get all")).toContain("service/web")
    expect(await ok(["get", "deploy", "-l", "app in (web,x),!none", "-o", "name"])).toBe("deployment.apps/web")
    expect(await ok("get services --field-selector=metadata.name=web -o name")).toBe("service/web")
    expect(await ok("get services -A --sort-by=.metadata.creationTimestamp --no-headers")).toMatch(
      /kubernetes.*\n.*web/,
    )
    expect(await ok("get ns --show-labels")).toContain("kubernetes.io/metadata.name=default")
  })

  it("closely at one object", async () => {
    expect(await ok("describe deployment web")).toMatch(/Replicas: +2 desired[\s\S]*Image: +one/)
    expect(await ok("describe service web")).toMatch(/IP: +10\.235\.0\.\d+[\s\S]*TargetPort: +80\/TCP/)
    expect(await field("deploy/web", ".spec.template.spec.containers[0].env[0].value")).toBe("1")
  })

  it("at what there is: resources, versions, explanations", async () => {
    const resources = await ok("api-resources")
    expect(resources).toMatch(/^deployments +deploy +apps\/v1 +true +Deployment$/m)
    expect(resources).toMatch(/^customresourcedefinitions +crd,crds +apiextensions.k8s.io\/v1 +false/m)
    expect((await ok("api-versions")).split("\n")).toContain("rbac.authorization.k8s.io/v1")
    expect(await ok("explain deployment.spec.strategy")).toMatch(/FIELD: strategy <DeploymentStrategy>/)
    expect(await ok("explain pods --recursive")).toMatch(/containerPort\t<integer>/)
    expect(await ok("version")).toContain("Server Version: v1.")
    expect(await ok("cluster-info")).toContain("is running at")
  })

  it("at health and metrics", async () => {
    expect(await ok("get --raw /readyz?verbose")).toMatch(/^\[\+\]ping ok\n[\s\S]*readyz check passed$/)
    expect(await ok("get --raw /livez/ping")).toBe("ok")
    expect(await ok("get --raw /metrics")).toMatch(/^apiserver_request_total\{.*verb="LIST".*\} \d+$/m)
  })
})

describe("kubectl changes", () => {
  it("what a file says, and nothing when it says the same", async () => {
    const file = join(api.directory, "web.yaml")
    expect(await ok(`apply -f ${file}`)).toBe("deployment.apps/web unchanged\nservice/web unchanged")
    expect((await kubectl(`diff -f ${file}`)).code).toBe(0)
    const differs = await kubectl(`diff -f ${join(api.directory, "web-2.yaml")}`)
    expect(differs.code).toBe(1)
    expect(differs.out).toMatch(/^- +image: one\n\+ +image: two$|^- +- .*image: one/m)
    expect(await ok(`apply -f ${join(api.directory, "web-2.yaml")}`)).toContain("deployment.apps/web configured")
    expect(await field("deploy/web", ".spec.template.spec.containers[0].image")).toBe("two")
    expect(await ok(`replace -f ${file}`)).toContain("deployment.apps/web replaced")
  })

  it("one field: scale, set, label, annotate", async () => {
    await ok("scale deployment web --replicas=3")
    expect(await field("deploy/web", ".spec.replicas")).toBe("3")
    await ok("set image deployment/web web=three")
    await ok("set env deployment/web B=2")
    expect(await field("deploy/web", ".spec.template.spec.containers[0].env[*].name")).toBe("A B")
    await ok("label deployment web tier=front")
    expect((await kubectl("label deployment web tier=back")).err).toContain("'tier' already has a value")
    await ok("label deployment web tier=back --overwrite")
    await ok("annotate deployment web note=hi")
    expect(await field("deploy/web", ".metadata.labels.tier")).toBe("back")
  })

  it("by the three kinds of patch", async () => {
    const containers = (image: string) => [{ name: "web", image }]
    const strategic = { spec: { template: { spec: { containers: containers("four") } } } }
    await ok(["patch", "deploy", "web", "-p", JSON.stringify(strategic)])
    expect(await field("deploy/web", ".spec.template.spec.containers[0].image")).toBe("four")
    expect(await field("deploy/web", ".spec.template.spec.containers[0].ports[0].containerPort")).toBe("80")
    await ok(["patch", "deploy", "web", "--type=json", "-p", '[{"op":"replace","path":"/spec/replicas","value":4}]'])
    expect(await field("deploy/web", ".spec.replicas")).toBe("4")
    await ok(["patch", "deploy", "web", "--type=merge", "-p", '{"metadata":{"annotations":{"note":null}}}'])
    expect(await field("deploy/web", ".metadata.annotations.note")).toBe("")
  })

  it("what its user edits", async () => {
    const editor = join(api.directory, "editor.sh")
    await writeFile(editor, "#!/bin/sh\nsed -i 's/replicas: .*/replicas: 5/' \"$1\"\n")
    await chmod(editor, 0o755)
    expect(await ok("edit deployment web", { env: { EDITOR: editor } })).toBe("deployment.apps/web edited")
    expect(await field("deploy/web", ".spec.replicas")).toBe("5")
  })

  it("what another manager owns only by force", async () => {
    const owned = (key: string): string =>
      JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "owned" }, data: { key } })
    const apply = (manager: string, key: string, ...more: string[]) =>
      kubectl(["apply", "--server-side", `--field-manager=${manager}`, ...more, "-f", "-"], { input: owned(key) })
    expect((await apply("one", "1")).out).toBe("configmap/owned serverside-applied")
    expect((await apply("two", "2")).err).toContain('conflict with "one": .data.key')
    expect((await apply("two", "2", "--force-conflicts")).code).toBe(0)
    expect(await field("configmap/owned", ".data.key")).toBe("2")
  })

  it("to server-side apply what it applied before by itself", async () => {
    expect(await ok(`apply -f ${join(api.directory, "web.yaml")}`)).toContain("deployment.apps/web configured")
    const { code, err } = await kubectl(`apply --server-side -f ${join(api.directory, "web-2.yaml")}`)
    expect({ code, err }).toEqual({ code: 0, err: "" })
    expect(await field("deploy/web", ".spec.template.spec.containers[0].image")).toBe("two")
  })
})

describe("kubectl makes and removes", () => {
  it("objects of its generators", async () => {
    expect(await ok("create configmap made --from-literal=a=1")).toBe("configmap/made created")
    expect(await ok("create secret generic made --from-literal=p=q")).toBe("secret/made created")
    expect(await field("secret/made", ".data.p")).toBe("cQ==")
    expect(await ok("create deployment made --image=x --replicas=2")).toBe("deployment.apps/made created")
    expect(await ok("expose deployment made --port=80")).toBe("service/made exposed")
    expect(await ok("run made --image=x --restart=Never -- sleep 1")).toBe("pod/made created")
    expect(await ok("create deployment tried --image=x --dry-run=server")).toContain("created (server dry run)")
    expect((await kubectl("get deployment tried")).err).toContain('deployments.apps "tried" not found')
    expect((await kubectl("create configmap made")).err).toContain('configmaps "made" already exists')
  })

  it("and waits for what it wants to see", async () => {
    expect(await ok("wait --for=jsonpath={.status.phase}=Pending pod/made --timeout=60s")).toBe(
      "pod/made condition met",
    )
    expect((await kubectl("wait --for=condition=Ready pod/made --timeout=1s")).err).toContain("timed out")
    expect(await ok("delete pod made")).toBe('pod "made" deleted')
    expect(await ok("wait --for=delete pod/made --timeout=60s")).toBe("")
  })

  it("all of a selection", async () => {
    expect(await ok("delete deployment,service made")).toContain('service "made" deleted')
    expect(await ok("delete configmap,secret --all")).toContain('secret "made" deleted')
    expect(await ok("get configmaps,secrets -o name")).toBe("")
  })

  it("custom resources by their definition, with its columns, as long as it is there", async () => {
    const client = createClient({ fetch: api.fetch })
    await client.create(CustomResourceDefinition, crd(KnativeService))
    await ok("wait --for=condition=Established crd/services.serving.knative.dev --timeout=60s")
    const spec = { template: { spec: { containers: [{ name: "c", image: "x" }] } } }
    const service = { apiVersion: "serving.knative.dev/v1", kind: "Service", metadata: { name: "hello" }, spec }
    expect(await ok("apply -f -", { input: JSON.stringify(service) })).toContain("hello created")
    expect(await ok("get ksvc")).toMatch(/^NAME +URL +LATESTCREATED +LATESTREADY +READY +REASON\nhello/)
    expect(await ok("explain ksvc.spec.template.spec")).toContain("timeoutSeconds")
    expect(await ok("explain ksvc.metadata")).toContain("creationTimestamp")
    // Of lists kubectl itself looks at every field, as Go's programs write them.
    const listed = { ...service, metadata: { name: "listed", creationTimestamp: null } }
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", metadata: {}, items: [listed] })
    expect(await ok("apply -f -", { input: list })).toContain("listed created")
    await ok("delete crd services.serving.knative.dev")
    expect((await kubectl("get ksvc")).code).toBe(1)
  })
})

describe("kubectl is told what is wrong", () => {
  it("with a field, by name", async () => {
    const pod = (container: object): string =>
      JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata: { name: "x" }, spec: { containers: [container] } })
    const strict = await kubectl("create -f -", { input: pod({ nam: "a" }) })
    expect(strict.err).toContain('unknown field "spec.containers[0].nam"')
    const lax = await kubectl("create --validate=false -f -", { input: pod({ nam: "a" }) })
    expect(lax.err).toContain("spec.containers[0].name: Required value")
    const wrong = await kubectl("create --validate=false -f -", { input: pod({ name: "a", ports: "none" }) })
    expect(wrong.err).toContain("cannot unmarshal string into Go struct field Pod.spec.containers.ports")
  })

  it("with a patch of what has changed meanwhile", async () => {
    await ok("create configmap stale")
    const input = await ok("get configmap stale -o json")
    await ok("label configmap stale by=another")
    const { err } = await kubectl("replace -f -", { input })
    expect(err).toContain("the object has been modified; please apply your changes to the latest version and try again")
  })
})
