import { equal, holds, isRefusal, says } from "../expectation.ts"
import { configMap, deployment, pod, service } from "../samples.ts"
import type { Statement } from "../topic.ts"

export const validation: Statement = (it) => {
  it("a name that is none is refused with its field", async ({ wire, path }) => {
    const { body } = await wire("POST", path("configmaps"), configMap("Not_A_Name"))
    isRefusal(body, {
      reason: "Invalid",
      code: 422,
      message: /^ConfigMap "Not_A_Name" is invalid: metadata\.name: Invalid value: "Not_A_Name": a lowercase RFC 1123/,
      fields: ["metadata.name"],
      causes: ["FieldValueInvalid"],
    })
    equal([body.details.name, body.details.kind], ["Not_A_Name", "ConfigMap"])
  })

  it("an object has a name", async ({ wire, path }) => {
    const { body } = await wire("POST", path("configmaps"), { ...configMap(""), metadata: {} })
    isRefusal(body, {
      reason: "Invalid",
      message: /metadata\.name: Required value: name or generateName is required/,
      fields: ["metadata.name"],
      causes: ["FieldValueRequired"],
    })
  })

  it("labels and annotations keep their bounds", async ({ wire, path }) => {
    const labels = { ok: "not ok!" }
    const annotations = { long: "x".repeat(262_145) }
    const { body } = await wire("POST", path("configmaps"), configMap("a", {}, { labels, annotations }))
    isRefusal(body, {
      reason: "Invalid",
      fields: ["metadata.labels", "metadata.annotations"],
      causes: ["FieldValueInvalid", "FieldValueTooLong"],
    })
  })

  it("an object has one controller", async ({ wire, path }) => {
    const owner = (uid: string) => ({ apiVersion: "v1", kind: "Pod", name: "x", uid, controller: true })
    const { body } = await wire(
      "POST",
      path("configmaps"),
      configMap("a", {}, { ownerReferences: [owner("1"), owner("2")] }),
    )
    isRefusal(body, {
      reason: "Invalid",
      message: /Only one reference can have Controller set to true/,
      fields: ["metadata.ownerReferences"],
    })
  })

  it("all that is wrong is said at once", async ({ wire, path }) => {
    const containers = [{ image: "registry.example/app:1" }, { name: "app", imagePullPolicy: "Sometimes" }]
    const { body } = await wire("POST", path("pods"), pod("one", { containers, restartPolicy: "Perhaps" }))
    isRefusal(body, {
      reason: "Invalid",
      fields: [
        "spec.containers[0].name",
        "spec.containers[1].image",
        "spec.containers[1].imagePullPolicy",
        "spec.restartPolicy",
      ],
      causes: ["FieldValueRequired", "FieldValueRequired", "FieldValueNotSupported", "FieldValueNotSupported"],
    })
  })

  it("a deployment selects its own pods, and goes on doing so", async ({ wire, path }) => {
    const stranger = deployment("web", { selector: { matchLabels: { app: "other" } } })
    const { body: refusal } = await wire("POST", path("apps/v1 deployments"), stranger)
    isRefusal(refusal, { reason: "Invalid", fields: ["spec.template.metadata.labels"], causes: ["FieldValueInvalid"] })
    const { body } = await wire("POST", path("apps/v1 deployments"), deployment("web"))
    const labels = { app: "other" }
    const selector = { matchLabels: labels }
    const template = { ...body.spec.template, metadata: { labels } }
    const { resourceVersion: _, ...metadata } = body.metadata
    const change = { ...body, metadata, spec: { ...body.spec, selector, template } }
    isRefusal((await wire("PUT", path("apps/v1 deployments", "/web"), change)).body, {
      reason: "Invalid",
      message: /field is immutable/,
      fields: ["spec.selector"],
      causes: ["FieldValueInvalid"],
    })
  })

  it("a pod changes its image and hardly anything else", async ({ wire, path }) => {
    const { body } = await wire("POST", path("pods"), pod("one"))
    const containers = [{ ...body.spec.containers[0], image: "registry.example/app:2" }]
    const image = await wire("PUT", path("pods", "/one"), { ...body, spec: { ...body.spec, containers } })
    equal(image.code, 200)
    const hostname = { ...image.body, spec: { ...image.body.spec, hostname: "other" } }
    isRefusal((await wire("PUT", path("pods", "/one"), hostname)).body, {
      reason: "Invalid",
      message: /pod updates may not change fields other than/,
      fields: ["spec"],
      causes: ["FieldValueForbidden"],
    })
  })

  it("a service keeps its address", async ({ wire, path }) => {
    const { body } = await wire("POST", path("services"), service("web", { clusterIP: "None" }))
    const { clusterIP: _, clusterIPs: __, ...spec } = body.spec
    const other = { ...body, spec: { ...spec, clusterIP: "10.0.0.1", clusterIPs: ["10.0.0.1"] } }
    isRefusal((await wire("PUT", path("services", "/web"), other)).body, {
      reason: "Invalid",
      message: /may not change once set/,
      fields: ["spec.clusterIPs[0]"],
    })
  })

  it("a service with two ports names both", async ({ wire, path }) => {
    const { body } = await wire("POST", path("services"), service("web", { ports: [{ port: 80 }, { port: 81 }] }))
    isRefusal(body, { reason: "Invalid", fields: ["spec.ports[0].name", "spec.ports[1].name"] })
  })

  it("an immutable config map stays as it is, but for its metadata", async ({ wire, path }) => {
    const { body } = await wire("POST", path("configmaps"), { ...configMap("a"), immutable: true })
    isRefusal((await wire("PUT", path("configmaps", "/a"), { ...body, data: {} })).body, {
      reason: "Invalid",
      message: /data: Forbidden: field is immutable when `immutable` is set/,
      fields: ["data"],
      causes: ["FieldValueForbidden"],
    })
    const labelled = { ...body, metadata: { ...body.metadata, labels: { a: "b" } } }
    equal((await wire("PUT", path("configmaps", "/a"), labelled)).code, 200)
  })

  it("a secret keeps its type", async ({ wire, path }) => {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s" } }
    const { body } = await wire("POST", path("secrets"), secret)
    isRefusal((await wire("PUT", path("secrets", "/s"), { ...body, type: "example.com/other" })).body, {
      reason: "Invalid",
      fields: ["type"],
      causes: ["FieldValueInvalid"],
    })
  })

  it("an unknown field is refused, warned of or passed over, as the client wants", async ({ wire, path }) => {
    const odd = { ...configMap("a"), dta: {} }
    const strict = await wire("POST", path("configmaps", "?fieldValidation=Strict"), odd)
    isRefusal(strict.body, { reason: "BadRequest", code: 400, message: /strict decoding error: unknown field "dta"/ })
    const warn = await wire("POST", path("configmaps", "?fieldValidation=Warn"), odd)
    equal(warn.code, 201)
    equal(warn.warnings, ['unknown field "dta"'])
    equal(warn.body.dta, undefined)
    equal((await wire("PUT", path("configmaps", "/a"), odd)).warnings, ['unknown field "dta"'])
    equal((await wire("PUT", path("configmaps", "/a?fieldValidation=Ignore"), odd)).warnings, [])
    const unheard = await wire("PUT", path("configmaps", "/a?fieldValidation=Loose"), odd)
    isRefusal(unheard.body, { reason: "Invalid", code: 422, fields: ["fieldValidation"] })
  })

  it("a field that is there twice is an unknown field's like", async ({ wire, path }) => {
    const twice = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"1","k":"2"}}'
    const strict = await wire("POST", path("configmaps", "?fieldValidation=Strict"), twice)
    isRefusal(strict.body, { reason: "BadRequest", message: /strict decoding error: duplicate field "data\.k"/ })
    const warn = await wire("POST", path("configmaps"), twice)
    equal(warn.warnings, ['duplicate field "data.k"'])
    equal(warn.body.data, { k: "2" })
  })

  it("a value of another type is a bad request", async ({ wire, path }) => {
    const { body } = await wire("POST", path("configmaps"), { ...configMap("a"), data: { a: 1 } })
    const message = /^ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number/
    isRefusal(body, { reason: "BadRequest", code: 400, message })
  })

  it("an object of another kind is a bad request", async ({ wire, path }) => {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "a" } }
    const { body } = await wire("POST", path("configmaps"), secret)
    isRefusal(body, { reason: "BadRequest", message: /^Secret in version "v1" cannot be handled as a ConfigMap/ })
    const other = await wire("POST", path("configmaps"), { ...configMap("a"), apiVersion: "apps/v1" })
    holds(other.code === 400, "another version is one too")
  })

  it("a body that cannot be read is a bad request, one of an unknown type is not taken", async ({ wire, path }) => {
    isRefusal((await wire("POST", path("configmaps"), '{"apiVersion":')).body, { reason: "BadRequest", code: 400 })
    const text = await wire("POST", path("configmaps"), "hello", { headers: { "content-type": "text/plain" } })
    isRefusal(text.body, { reason: "UnsupportedMediaType", code: 415 })
  })

  it("a body of more than three MiB is too large", async ({ wire, path }) => {
    const { code, body } = await wire(
      "POST",
      path("configmaps"),
      configMap("a", { a: "x".repeat(3 * 1024 * 1024 + 1) }),
    )
    equal(code, 413)
    isRefusal(body, { reason: "RequestEntityTooLarge", code: 413, message: /limit is 3145728/ })
  })

  it("YAML is understood", async ({ wire, path }) => {
    const text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: |\n    two\n    lines\n"
    const { code, body } = await wire("POST", path("configmaps"), text, {
      headers: { "content-type": "application/yaml" },
    })
    equal(code, 201)
    equal(body.data, { a: "two\nlines\n" })
    const read = await wire("GET", path("configmaps", "/a"), undefined, { headers: { accept: "application/yaml" } })
    says(read.headers.get("content-type") ?? "", /^application\/yaml/)
    says(read.text, /^kind: ConfigMap$/m)
  })
}
