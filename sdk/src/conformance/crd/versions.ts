import { CustomResourceDefinition } from "../../api/apiextensions/custom-resource-definition.ts"
import { equal, holds, isRefusal } from "../expectation.ts"
import { becomes, eventually } from "../patience.ts"
import type { Loose } from "../samples.ts"
import type { Statement } from "../topic.ts"
import { color, defined, definitions, schemaOf, version } from "./definition.ts"

const two = (one: object = {}, other: object = {}) => [
  version(schemaOf(color), { name: "v1", ...one }),
  version(schemaOf({ ...color, size: { type: "integer" } }), { name: "v2", storage: false, ...other }),
]

export const versioning: Statement = (it) => {
  it("an object is read in every version that is served", async (world) => {
    const { wire } = world
    const custom = await defined(world, { versions: two() })
    await wire("POST", custom.path(), custom.object("a", { spec: { color: "red" } }))
    const { body } = await wire("GET", custom.path("/a", "v2"))
    equal([body.apiVersion, body.spec], [`${custom.group}/v2`, { color: "red" }])
    const list = await wire("GET", custom.path("", "v2"))
    equal(list.body.items[0].apiVersion, `${custom.group}/v2`)
  })

  it("a version that is not served is not there", async (world) => {
    const custom = await defined(world, { versions: two({}, { served: false }) })
    equal((await world.wire("GET", custom.path("", "v2"))).code, 404)
  })

  it("whoever uses a deprecated version is told so", async (world) => {
    const custom = await defined(world, { versions: two({}, { deprecated: true }) })
    const { warnings } = await world.wire("GET", custom.path("", "v2"))
    equal(warnings, [`${custom.group}/v2 Thing is deprecated`])
    const own = await defined(world, {
      versions: two({}, { deprecated: true, deprecationWarning: "use another" }),
    })
    equal((await world.wire("GET", own.path("", "v2"))).warnings, ["use another"])
  })

  it("the version that is stored is remembered, and cannot be dropped", async (world) => {
    const { client, patch } = world
    const custom = await defined(world, { versions: two() })
    const versions = two({ storage: false }, { storage: true })
    await patch("merge", `${definitions}/${custom.name}`, { spec: { versions } })
    const both = await becomes(client, CustomResourceDefinition, { name: custom.name }, (each) =>
      Boolean(each?.status?.storedVersions?.includes("v2")),
    )
    equal(both?.status?.storedVersions, ["v1", "v2"])
    const only = [versions[1]]
    const { body } = await patch("merge", `${definitions}/${custom.name}`, { spec: { versions: only } })
    isRefusal(body, { reason: "Invalid", fields: ["status.storedVersions[0]"] })
  })

  it.withWebhooks("a webhook turns one version into another", async (world) => {
    const { wire } = world
    const asked: string[] = []
    const hook = await world.webhook((review: Loose) => {
      const { uid, desiredAPIVersion, objects } = review.request
      asked.push(desiredAPIVersion)
      const convertedObjects = objects.map((object: Loose) => {
        const { color: shade, colour, ...spec } = object.spec ?? {}
        const wanted = desiredAPIVersion.endsWith("/v2") ? { colour: shade ?? colour } : { color: shade ?? colour }
        return { ...object, apiVersion: desiredAPIVersion, spec: { ...spec, ...wanted } }
      })
      const response = { uid, convertedObjects, result: { status: "Success" } }
      return { apiVersion: "apiextensions.k8s.io/v1", kind: "ConversionReview", response }
    })
    const versions = two({}, { schema: schemaOf({ colour: { type: "string" } }) })
    const webhook = { conversionReviewVersions: ["v1"], clientConfig: hook.clientConfig("/convert") }
    const custom = await defined(world, { versions, conversion: { strategy: "Webhook", webhook } })
    await wire("POST", custom.path(), custom.object("a", { spec: { color: "red" } }))
    const { body } = await wire("GET", custom.path("/a", "v2"))
    equal([body.apiVersion, body.spec], [`${custom.group}/v2`, { colour: "red" }])
    const object = { ...custom.object("b", { spec: { colour: "blue" } }), apiVersion: `${custom.group}/v2` }
    equal((await wire("POST", custom.path("", "v2"), object)).code, 201)
    equal((await wire("GET", custom.path("/b"))).body.spec, { color: "blue" })
    holds(asked.includes(`${custom.group}/v1`) && asked.includes(`${custom.group}/v2`), "asked for both")
  })

  it.withWebhooks("a conversion that fails is an error of the request", async (world) => {
    const { wire } = world
    const hook = await world.webhook((review: Loose) => {
      const result = { status: "Failed", message: "cannot be said in that version" }
      const response = { uid: review.request.uid, convertedObjects: [], result }
      return { apiVersion: "apiextensions.k8s.io/v1", kind: "ConversionReview", response }
    })
    const webhook = { conversionReviewVersions: ["v1"], clientConfig: hook.clientConfig("/convert") }
    const custom = await defined(world, { versions: two(), conversion: { strategy: "Webhook", webhook } })
    await wire("POST", custom.path(), custom.object("a", { spec: { color: "red" } }))
    await eventually(world.clock, async () => {
      const { code, body } = await wire("GET", custom.path("/a", "v2"))
      equal(code, 500)
      holds(/cannot be said in that version/.test(body.message), body.message)
    })
  })
}
