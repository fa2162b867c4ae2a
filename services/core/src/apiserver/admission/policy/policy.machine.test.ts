import { afterAll, beforeAll, expect, it } from "vitest"
import { runKubectl } from "../../testing/kubectl.ts"
import { type SecureTestApi, startSecureTestApi } from "../../testing/start-secure.ts"

let api: SecureTestApi
beforeAll(async () => {
  api = await startSecureTestApi()
})
afterAll(() => api[Symbol.asyncDispose]())

const policy = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: demo-policy.example.com }
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
      - { apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments] }
  validations:
    - expression: object.spec.replicas <= 5
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: demo-binding-test.example.com }
spec: { policyName: demo-policy.example.com, validationActions: [Deny] }
`

it("kubectl shows why a policy refused a deployment", async () => {
  const applied = await runKubectl(api, "apply -f -", { input: policy })
  expect(applied.err).toBe("")
  const listed = await runKubectl(api, "get validatingadmissionpolicies --no-headers")
  expect(listed.out).toMatch(/^demo-policy.example.com +1 +<unset> /)
  expect((await runKubectl(api, "create deployment small --image=nginx --replicas=5")).code).toBe(0)
  const refused = await runKubectl(api, "create deployment big --image=nginx --replicas=6")
  expect(refused.code).toBe(1)
  expect(refused.err).toContain(
    "ValidatingAdmissionPolicy 'demo-policy.example.com' with binding 'demo-binding-test.example.com' denied request: failed expression: object.spec.replicas <= 5",
  )
})
