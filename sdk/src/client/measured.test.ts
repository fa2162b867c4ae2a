import { expect, it } from "vitest"
import { systemClock } from "../clock/index.ts"
import { createMetrics, prometheusName } from "../telemetry/metrics.ts"
import { documentedMetrics } from "../telemetry/testing.ts"
import { compose } from "./compose.ts"
import { measured, pathTemplate } from "./measured.ts"

it("tells how requests to the API server went, by method, host and what they were for", async () => {
  const metrics = createMetrics({ process: false })
  const fetch = compose(
    async ({ method }) => {
      if (method === "PUT") throw new Error("no connection")
      return new Response(null, { status: 404 })
    },
    measured(metrics, systemClock),
  )
  const url = "https://10.96.0.1/api/v1/namespaces/default/pods/hello"
  await fetch(new Request(url))
  await expect(fetch(new Request(url, { method: "PUT" }))).rejects.toThrow("no connection")
  const text = await metrics.text()
  const of = 'http_request_method="GET",server_address="10.96.0.1"'
  expect(text).toContain(`kn_k8s_client_http_response_status_code_total{${of},http_response_status_code="404"} 1`)
  const place = 'server_port="443",url_scheme="https",url_template="/api/v1/namespaces/{namespace}/pods/{name}"'
  expect(text).toContain(`http_client_request_duration_seconds_count{${of},${place}} 1`)
  expect(text).toContain('http_response_status_code="<error>"} 1')
  expect(metrics.all().map(prometheusName)).toEqual(documentedMetrics("Clients"))
})

it.each([
  ["/api/v1/pods", "/api/v1/pods"],
  ["/api/v1/namespaces/default", "/api/v1/namespaces/{name}"],
  ["/apis/apps/v1/namespaces/a/deployments/b/scale", "/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"],
  ["/api/v1/namespaces/a/pods/b/proxy/some/path", "/api/v1/namespaces/{namespace}/pods/{name}/proxy"],
  ["/apis/serving.knative.dev/v1/routes/x", "/apis/serving.knative.dev/v1/routes/{name}"],
  ["/apis", "/{path}"],
  ["/version", "/{path}"],
])("takes %s for %s", (path, template) => expect(pathTemplate(path)).toBe(template))
