import { equal, holds, says } from "../expectation.ts"
import { eventually } from "../patience.ts"
import type { Statement } from "../topic.ts"
import type { World } from "../world.ts"
import { functionOf, nowhere, revisions, services } from "./functions.ts"

const mappings = "serving.knative.dev/v1beta1 domainmappings"
const scalers = "autoscaling.internal.knative.dev/v1alpha1 podautoscalers"
const maps = "/api/v1/namespaces/knative-serving/configmaps"

/** S14–S45: what admission has to say beside single mistakes in a Service. */
export const admission: Statement = (it) => {
  it("S14: a revision has no chosen name while the Service's own is to come", async ({ wire, path }) => {
    const { metadata: _, ...rest } = functionOf("a", nowhere, { template: { name: "a-one" } })
    const { body, code } = await wire("POST", path(services), { ...rest, metadata: { generateName: "a" } })
    equal(code, 400)
    // Whether the name is made up before or after the question is the API server's affair.
    says(body.message, /(must not set the field\(s\)|must have prefix "a\w+-"): spec\.template\.metadata\.name/)
  })

  it("S17: a dry run tells what would come of the pods", async (world) => {
    await restrictPods(world)
    const asks = { annotations: { "features.knative.dev/podspec-dryrun": "enabled" } }
    const manifest = functionOf("a", nowhere, { metadata: asks })
    const { body, code } = await world.wire("POST", world.path(services, "?dryRun=All"), manifest)
    equal(code, 400, `answered ${code}: ${body.message}`)
    says(body.message, /dry run failed with .*violates PodSecurity/)
  })

  it("S17: a dry run of what is right stores nothing", async ({ wire, path }) => {
    const { code } = await wire("POST", path(services, "?dryRun=All"), functionOf("a", nowhere))
    equal(code, 201)
    equal((await wire("GET", path(services, "/a"))).code, 404)
  })

  it("S17: a dry run of a patch tells it too", async ({ wire, path, patch }) => {
    await wire("POST", path(services), functionOf("a", nowhere))
    const change = [{ op: "replace", path: "/spec/template/spec/containers/0/name", value: "&Wrong" }]
    const { body, code } = await patch("json", path(services, "/a?dryRun=All"), change)
    equal(code, 400, `answered ${code}: ${body.message}`)
    says(body.message, /validation callback failed: .*spec\.containers\[0\]\.name: Invalid value/)
  })

  it("S30: a Revision may be scaled otherwise, and its PodAutoscaler follows", async ({ wire, path, patch, clock }) => {
    await wire("POST", path(services), functionOf("a", nowhere))
    const key = "autoscaling.knative.dev/max-scale"
    await eventually(clock, async () => {
      const { code } = await patch("merge", path(revisions, "/a-00001"), { metadata: { annotations: { [key]: "3" } } })
      equal(code, 200)
    })
    await eventually(clock, async () => {
      const { body } = await wire("GET", path(scalers, "/a-00001"))
      equal(body.metadata.annotations[key], "3")
    })
    const wrong = { metadata: { annotations: { [key]: "many" } } }
    const { body, code } = await patch("merge", path(revisions, "/a-00001"), wrong)
    equal(code, 400)
    says(body.message, /invalid value: many: metadata\.annotations\.autoscaling\.knative\.dev\/max-scale/)
  })

  for (const [title, name, changes, wanted] of [
    ["a single word", "word", {}, /invalid name "word"/],
    ["a name of the cluster's own", "a.b.svc.cluster.local", {}, /must not be a subdomain of cluster local domain/],
    ["another namespace", "a.example.com", { namespace: "default" }, /mismatched namespaces/],
  ] as const) {
    it(`S43: a domain is not mapped from or to ${title}`, async ({ wire, path }) => {
      const ref = { apiVersion: "serving.knative.dev/v1", kind: "Service", name: "a", ...changes }
      const mapping = {
        apiVersion: "serving.knative.dev/v1beta1",
        kind: "DomainMapping",
        metadata: { name },
        spec: { ref },
      }
      const { body, code } = await wire("POST", path(mappings), mapping)
      equal(code, 400, `answered ${code}: ${body.message}`)
      says(body.message, wanted)
    })
  }

  it("S44: the example in a config map is not where settings go", async ({ wire, patch }) => {
    const { body: map } = await wire("GET", `${maps}/config-gc`)
    const edited = { data: { _example: `${map.data._example}\nmin-non-active-revisions: "1"` } }
    const { body, code } = await patch("merge", `${maps}/config-gc?dryRun=All`, edited)
    equal(code, 400)
    says(body.message, /the update modifies a key in "_example" which is probably not what you want/)
  })

  it("S45: deletions are judged too", async ({ wire }) => {
    const { body } = await wire("GET", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations")
    const rules = body.items
      .flatMap(({ webhooks }: { webhooks?: object[] }) => webhooks ?? [])
      .filter(({ name }: { name: string }) => name === "validation.webhook.serving.knative.dev")
      .flatMap(({ rules }: { rules: { operations: string[] }[] }) => rules)
    holds(rules.length > 0, "there is a webhook of that name")
    for (const { operations } of rules) equal([...operations].sort(), ["CREATE", "DELETE", "UPDATE"])
  })
}

async function restrictPods({ patch, namespace }: World): Promise<void> {
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" }
  const { code } = await patch("merge", `/api/v1/namespaces/${namespace}`, { metadata: { labels } })
  equal(code, 200)
}
