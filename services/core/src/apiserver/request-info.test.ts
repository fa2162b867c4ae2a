import { expect, it } from "vitest"
import { parseRequest } from "./request-info.ts"

const read = (line: string) => {
  const [method = "", path = ""] = line.split(" ")
  const info = parseRequest(method, new URL(`http://x${path}`))
  if (info.kind === "path") return `path ${info.verb} ${info.path}`
  const { verb, group, version, resource, subresource, namespace, name } = info
  return [verb, `${group}/${version}`, `${resource}/${subresource}`, `${namespace}/${name}`].join(" ")
}

it.each([
  ["GET /api/v1/pods", "list /v1 pods/ /"],
  ["GET /api/v1/namespaces/d/pods", "list /v1 pods/ d/"],
  ["GET /api/v1/namespaces/d/pods/p", "get /v1 pods/ d/p"],
  ["GET /api/v1/namespaces/d/pods?watch=1", "watch /v1 pods/ d/"],
  ["GET /api/v1/namespaces/d/pods?watch=True", "watch /v1 pods/ d/"],
  ["GET /api/v1/watch/namespaces/d/pods", "watch /v1 pods/ d/"],
  ["GET /apis/apps/v1/watch/namespaces/d/deployments/x", "watch apps/v1 deployments/ d/"],
  ["GET /api/v1/namespaces/d/pods?watch=false", "list /v1 pods/ d/"],
  ["GET /api/v1/namespaces/d/pods/p/log", "get /v1 pods/log d/p"],
  ["PATCH /apis/apps/v1/namespaces/d/deployments/x/scale", "patch apps/v1 deployments/scale d/x"],
  ["DELETE /apis/apps/v1/namespaces/d/deployments", "deletecollection apps/v1 deployments/ d/"],
  ["DELETE /api/v1/nodes/n", "delete /v1 nodes/ /n"],
  ["GET /api/v1/namespaces", "list /v1 namespaces/ /"],
  ["GET /api/v1/namespaces/d", "get /v1 namespaces/ d/d"],
  ["PUT /api/v1/namespaces/d/finalize", "update /v1 namespaces/finalize d/d"],
  ["GET /api/v1/namespaces/d/services/a%2Fb", "get /v1 services/ d/a/b"],
  ["GET /api/v1/namespaces/%zz/pods", "list /v1 pods/ %zz/"],
  ["GET /apis/apps/v1", "path get /apis/apps/v1"],
  ["GET /healthz", "path get /healthz"],
])("%s asks to %s", (line, asked) => {
  expect(read(line)).toBe(asked)
})

it("a watch of one object, as clients asked before, is a watch of what has its name", () => {
  const info = parseRequest("GET", new URL("http://x/api/v1/watch/namespaces/d/pods/p?resourceVersion=7"))
  expect(info.kind === "resource" && info.query.toString()).toBe("resourceVersion=7&fieldSelector=metadata.name%3Dp")
})
