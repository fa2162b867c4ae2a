import { equal, holds, includes, says } from "../expectation.ts"
import type { Statement } from "../topic.ts"

interface Resource {
  readonly name: string
  readonly kind: string
  readonly verbs: readonly string[]
}

export const discovery: Statement = (it) => {
  it("the server says which version it is", async ({ wire }) => {
    const { body } = await wire("GET", "/version")
    says(body.gitVersion, /^v1\.\d+\.\d+/)
    equal(body.gitVersion.startsWith(`v${body.major}.${Number.parseInt(body.minor, 10)}.`), true)
    holds(body.platform, "and for which machine")
  })

  it("the server says that it lives and is ready", async ({ wire }) => {
    for (const path of ["/livez", "/readyz", "/healthz"]) equal((await wire("GET", path)).text, "ok")
    says((await wire("GET", "/readyz?verbose")).text, /\[\+\]ping ok\n[\s\S]*readyz check passed/)
  })

  it("groups list their versions, the preferred one first", async ({ wire }) => {
    equal((await wire("GET", "/api")).body.versions, ["v1"])
    const { body } = await wire("GET", "/apis")
    equal(body.kind, "APIGroupList")
    const apps = body.groups.find((group: { name: string }) => group.name === "apps")
    includes(apps, { preferredVersion: { groupVersion: "apps/v1", version: "v1" } })
    includes((await wire("GET", "/apis/apps")).body, { kind: "APIGroup", name: "apps" })
  })

  it("resources list their verbs, names and subresources", async ({ wire }) => {
    const { body } = await wire("GET", "/api/v1")
    includes(body, { kind: "APIResourceList", groupVersion: "v1" })
    const named = (name: string) => body.resources.find((resource: Resource) => resource.name === name)
    includes(named("pods"), { kind: "Pod", namespaced: true, singularName: "pod", shortNames: ["po"] })
    equal([...named("pods").verbs].sort(), [
      "create",
      "delete",
      "deletecollection",
      "get",
      "list",
      "patch",
      "update",
      "watch",
    ])
    includes(named("nodes"), { namespaced: false })
    includes(named("pods/eviction"), { kind: "Eviction", group: "policy", version: "v1", verbs: ["create"] })
    includes(named("serviceaccounts/token"), { kind: "TokenRequest", group: "authentication.k8s.io" })
  })

  it("all of it comes in one answer to who asks so", async ({ wire }) => {
    const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    const { body } = await wire("GET", "/apis", undefined, { headers: { accept } })
    includes(body, { kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2" })
    const apps = body.items.find((item: { metadata: { name: string } }) => item.metadata.name === "apps")
    const { resources } = apps.versions[0]
    const deployments = resources.find((resource: { resource: string }) => resource.resource === "deployments")
    includes(deployments, { responseKind: { group: "apps", version: "v1", kind: "Deployment" }, scope: "Namespaced" })
    const parts = deployments.subresources.map((part: { subresource: string }) => part.subresource)
    equal([...parts].sort(), ["scale", "status"])
  })

  it("types are described by OpenAPI, a document a version", async ({ wire }) => {
    const { body } = await wire("GET", "/openapi/v3")
    const { serverRelativeURL } = body.paths["apis/apps/v1"]
    says(serverRelativeURL, /^\/openapi\/v3\/apis\/apps\/v1\?hash=/)
    const document = (await wire("GET", serverRelativeURL)).body
    says(document.openapi, /^3\./)
    const deployment = document.components.schemas["io.k8s.api.apps.v1.Deployment"]
    equal(deployment["x-kubernetes-group-version-kind"], [{ group: "apps", version: "v1", kind: "Deployment" }])
    holds(document.paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"].patch, "scale is there")
    equal((await wire("GET", "/openapi/v2")).body.swagger, "2.0")
  })
}
