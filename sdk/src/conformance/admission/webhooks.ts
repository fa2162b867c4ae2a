import { equal, holds, includes, isRefusal, says } from "../expectation.ts"
import { eventually } from "../patience.ts"
import { configMap, type Loose } from "../samples.ts"
import type { Statement } from "../topic.ts"
import type { World } from "../world.ts"

const group = "/apis/admissionregistration.k8s.io/v1"
export const mutating = `${group}/mutatingwebhookconfigurations`
export const validating = `${group}/validatingwebhookconfigurations`

/** The answer to a review: allowed, or whatever else. */
function answer(review: Loose, response: object): object {
  const { uid } = review.request
  return { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: { uid, allowed: true, ...response } }
}

const denied = (message: string, more: object = {}): object => ({ allowed: false, status: { message, ...more } })
const jsonPatch = (...operations: object[]): object => ({
  patchType: "JSONPatch",
  patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
})

/** A hook on config maps of the case's namespace alone, so that nobody else is held up. */
function hook({ namespace }: World, name: string, clientConfig: object, more: Loose = {}): object {
  return {
    name: `${name}.example.com`,
    clientConfig,
    rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["*"], resources: ["configmaps"] }],
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    timeoutSeconds: 5,
    ...more,
  }
}

/** Registers hooks; the first write that meets them may have to wait for it. */
async function registered(world: World, path: string, ...webhooks: object[]): Promise<void> {
  const name = world.unique("hooks")
  const kind = path === mutating ? "MutatingWebhookConfiguration" : "ValidatingWebhookConfiguration"
  const object = { apiVersion: "admissionregistration.k8s.io/v1", kind, metadata: { name }, webhooks }
  const { code, text } = await world.wire("POST", path, object)
  holds(code === 201, text)
  world.afterwards(() => world.wire("DELETE", `${path}/${name}`))
}

export const hooking: Statement = (it) => {
  it.withWebhooks("a webhook changes what is written", async (world) => {
    const { wire, path } = world
    const { clientConfig } = await world.webhook((review) =>
      answer(review, jsonPatch({ op: "add", path: "/metadata/labels", value: { hooked: "yes" } })),
    )
    await registered(world, mutating, hook(world, "label", clientConfig("/")))
    await eventually(world.clock, async () => {
      const { body } = await wire("POST", path("configmaps", "?dryRun=All"), configMap("probe"))
      equal(body.metadata.labels, { hooked: "yes" })
    })
    await wire("POST", path("configmaps"), configMap("a"))
    equal((await wire("GET", path("configmaps", "/a"))).body.metadata.labels, { hooked: "yes" })
  })

  it.withWebhooks("a webhook refuses, in its own words", async (world) => {
    const { wire, path } = world
    const { clientConfig } = await world.webhook((review) => {
      const { name } = review.request
      if (name === "teapot") return answer(review, denied("short and stout", { code: 418, reason: "Teapot" }))
      return answer(review, name === "fine" ? {} : denied("not today"))
    })
    await registered(world, validating, hook(world, "judge", clientConfig("/")))
    await eventually(world.clock, async () => {
      const { body } = await wire("POST", path("configmaps", "?dryRun=All"), configMap("a"))
      equal(body.message, 'admission webhook "judge.example.com" denied the request: not today')
    })
    const { code } = await wire("POST", path("configmaps"), configMap("a"))
    equal(code, 400)
    equal((await wire("POST", path("configmaps"), configMap("teapot"))).code, 418)
    equal((await wire("POST", path("configmaps"), configMap("fine"))).code, 201)
    equal((await wire("GET", path("configmaps", "/a"))).code, 404)
  })

  it.withWebhooks("a webhook warns", async (world) => {
    const { clientConfig } = await world.webhook((review) => answer(review, { warnings: ["mind the gap"] }))
    await registered(world, validating, hook(world, "warner", clientConfig("/")))
    await eventually(world.clock, async () => {
      const { warnings } = await world.wire("POST", world.path("configmaps", "?dryRun=All"), configMap("a"))
      equal(warnings, ["mind the gap"])
    })
  })

  it.withWebhooks("a webhook is told who wants what, and what was before", async (world) => {
    const { wire, path, namespace } = world
    const seen: Loose[] = []
    const { clientConfig } = await world.webhook((review) => {
      seen.push(review.request)
      return answer(review, {})
    })
    await registered(world, validating, hook(world, "listener", clientConfig("/")))
    await eventually(world.clock, async () => {
      await wire("POST", path("configmaps", "?dryRun=All"), configMap("probe"))
      holds(seen.length > 0, "asked")
    })
    equal(seen[0].dryRun, true)
    await wire("POST", path("configmaps"), configMap("a", { a: "1" }))
    await wire("PUT", path("configmaps", "/a"), configMap("a", { a: "2" }))
    await wire("DELETE", path("configmaps", "/a"))
    const [create, update, remove] = ["CREATE", "UPDATE", "DELETE"].map((operation) =>
      seen.find((request) => request.operation === operation && request.name === "a"),
    )
    includes(create, {
      kind: { group: "", version: "v1", kind: "ConfigMap" },
      resource: { group: "", version: "v1", resource: "configmaps" },
      namespace,
      name: "a",
      object: { data: { a: "1" } },
    })
    holds(create.uid && create.userInfo.username, "a review has an id, and names the user")
    equal([create.oldObject, create.dryRun], [null, false])
    equal([update.oldObject.data, update.object.data], [{ a: "1" }, { a: "2" }])
    equal([remove.oldObject.data, remove.object], [{ a: "2" }, null])
  })

  it.withWebhooks("a webhook that cannot be reached fails the request, or is passed over", async (world) => {
    const { wire, path } = world
    const gone = await world.webhook((review) => answer(review, {}))
    const strict = { objectSelector: { matchLabels: { strict: "yes" } } }
    const lenient = { objectSelector: { matchExpressions: [{ key: "strict", operator: "DoesNotExist" }] } }
    const { clientConfig } = gone
    await gone[Symbol.asyncDispose]()
    await registered(
      world,
      validating,
      hook(world, "strict", clientConfig("/"), { ...strict, failurePolicy: "Fail" }),
      hook(world, "lenient", clientConfig("/"), { ...lenient, failurePolicy: "Ignore" }),
    )
    await eventually(world.clock, async () => {
      const { code, body } = await wire(
        "POST",
        path("configmaps", "?dryRun=All"),
        configMap("a", {}, { labels: { strict: "yes" } }),
      )
      equal(code, 500)
      says(body.message, /failed calling webhook "strict\.example\.com": failed to call webhook: /)
    })
    equal((await wire("POST", path("configmaps"), configMap("a"))).code, 201)
  })

  it.withWebhooks("a webhook is asked where its conditions hold", async (world) => {
    const { clientConfig } = await world.webhook((review) => answer(review, denied("asked")))
    const matchConditions = [{ name: "only-secret", expression: "object.data.kind == 'secret'" }]
    await registered(world, validating, hook(world, "picky", clientConfig("/"), { matchConditions }))
    const make = (kind: string) => world.wire("POST", world.path("configmaps", "?dryRun=All"), configMap("a", { kind }))
    await eventually(world.clock, async () => equal((await make("secret")).code, 400))
    equal((await make("other")).code, 201)
  })

  it("a webhook says what else it does, and what it understands", async ({ wire, unique }) => {
    const metadata = { name: unique("hooks") }
    const webhooks = [{ name: "short", clientConfig: {}, sideEffects: "Some", admissionReviewVersions: [] }]
    const kind = "ValidatingWebhookConfiguration"
    const { body } = await wire("POST", validating, {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind,
      metadata,
      webhooks,
    })
    isRefusal(body, {
      reason: "Invalid",
      code: 422,
      fields: [
        "webhooks[0].name",
        "webhooks[0].clientConfig",
        "webhooks[0].sideEffects",
        "webhooks[0].admissionReviewVersions",
      ],
    })
  })
}
