import type { AnyObject } from "@wick/sdk/api/kind"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type SecureTestApi, startSecureTestApi } from "../../testing/start-secure.ts"

let api: SecureTestApi

beforeAll(async () => {
  api = await startSecureTestApi()
})
afterAll(() => api[Symbol.asyncDispose]())

const policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"

async function statusOf(method: string, path: string, spec: object, old?: AnyObject): Promise<object> {
  const matchConstraints = {
    resourceRules: [{ apiGroups: ["apps"], apiVersions: ["v1"], operations: ["*"], resources: ["deployments"] }],
  }
  const body = JSON.stringify({
    ...old,
    metadata: { name: "demo", ...old?.metadata },
    spec: { matchConstraints, ...spec },
  })
  const request = new Request(`http://x${path}`, { method, body, headers: { "content-type": "application/json" } })
  const answer = (await (await api.fetch(request)).json()) as AnyObject & { message?: string }
  expect(answer.message).toBeUndefined()
  written = answer
  return answer.status as object
}
let written: AnyObject

describe("a policy that is written", () => {
  it("says which of its expressions do not fit the kinds that it names", async () => {
    const validations = [
      { expression: "object.spec.replicas > 1 && object.metadata.name.startsWith('a')" },
      { expression: "object.spec.replicas > '1'" },
      { expression: "object.spec.template.spec.containers.all(c, c.image.endsWith(c.bogus))" },
      { expression: "object.metadata.labels['tier'] == 'web'", messageExpression: "'is ' + object.spec.replicas" },
    ]
    const status = await statusOf("POST", policies, { validations })
    expect(status).toMatchObject({
      observedGeneration: 1,
      typeChecking: {
        expressionWarnings: [
          {
            fieldRef: "spec.validations[1].expression",
            warning: expect.stringContaining(
              "apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload",
            ),
          },
          { fieldRef: "spec.validations[2].expression", warning: expect.stringContaining("undefined field 'bogus'") },
          {
            fieldRef: "spec.validations[3].messageExpression",
            warning: expect.stringContaining("found no matching overload"),
          },
        ],
      },
    })
    const mended = await statusOf("PUT", `${policies}/demo`, { validations: validations.slice(0, 1) }, written)
    expect(mended).toMatchObject({ observedGeneration: 2, typeChecking: {} })
    expect(JSON.stringify(mended)).not.toContain("expressionWarnings")
  })
})
