import { equal, includes, says } from "../expectation.ts"
import { eventually } from "../patience.ts"
import type { Statement } from "../topic.ts"
import { ask, conditionOf, deploy, routes, urlOf } from "./functions.ts"

const ingresses = "networking.internal.knative.dev/v1alpha1 ingresses"
const certificates = "networking.internal.knative.dev/v1alpha1 certificates"

/** S129, S130: certificates, and requests without TLS. What whole clusters are set to is not changed here. */
export const tls: Statement = (it) => {
  it.withFunctions("S129: a Service that asks for it sends requests without TLS to https", async (world) => {
    const metadata = { annotations: { "networking.knative.dev/http-protocol": "Redirected" } }
    const service = await deploy(world, "a", { metadata })
    const { body } = await world.wire("GET", world.path(ingresses, "/a"))
    equal(body.spec.httpOption, "Redirected")
    const { status, headers } = await ask(world, urlOf(service))
    equal(status, 301)
    says(String(headers.location), /^https:\/\/a\./)
  })

  it.withFunctions("S129: a Route says that it has no certificate because none is wanted", async (world) => {
    const metadata = { annotations: { "networking.knative.dev/disable-external-domain-tls": "true" } }
    const service = await deploy(world, "a", { metadata })
    says(urlOf(service), /^http:/)
    const { body } = await world.wire("GET", world.path(routes, "/a"))
    includes(conditionOf(body, "CertificateProvisioned"), {
      status: "True",
      reason: "TLSNotEnabled",
      message: "external-domain-tls is not enabled",
    })
  })

  it("S129: a domain is served by a certificate that its owner brings", async (world) => {
    const { wire, path, unique, namespace, clock, afterwards } = world
    const domain = `${unique("own")}.example.com`
    const claims = "/apis/networking.internal.knative.dev/v1alpha1/clusterdomainclaims"
    const group = "networking.internal.knative.dev/v1alpha1"
    const metadata = { name: domain }
    await wire("POST", claims, { apiVersion: group, kind: "ClusterDomainClaim", metadata, spec: { namespace } })
    afterwards(() => wire("DELETE", `${claims}/${domain}`))
    const mappings = "serving.knative.dev/v1beta1 domainmappings"
    const ref = { apiVersion: "serving.knative.dev/v1", kind: "Service", name: "a" }
    const mapping = { apiVersion: "serving.knative.dev/v1beta1", kind: "DomainMapping", metadata }
    const { code } = await wire("POST", path(mappings), { ...mapping, spec: { ref, tls: { secretName: "brought" } } })
    equal(code, 201)
    await eventually(clock, async () => {
      const { body } = await wire("GET", path(mappings, `/${domain}`))
      includes(conditionOf(body, "CertificateProvisioned") ?? {}, {
        status: "True",
        reason: "CertificateExternallyProvided",
        message: "TLS certificate was provided externally",
      })
      says(body.status.url, /^https:/)
    })
  })

  for (const type of ["external-domain", "cluster-local-domain"]) {
    it(`S130: a Certificate of type ${type} is handed out in its Secret`, async (world) => {
      const { wire, path, unique, clock } = world
      const name = unique("certificate")
      const metadata = { name, labels: { "networking.knative.dev/certificate-type": type } }
      const spec = { dnsNames: [`${name}.example.com`], domain: "example.com", secretName: name }
      const apiVersion = "networking.internal.knative.dev/v1alpha1"
      const { code } = await wire("POST", path(certificates), { apiVersion, kind: "Certificate", metadata, spec })
      equal(code, 201)
      await eventually(clock, async () => {
        const { body } = await wire("GET", path(certificates, `/${name}`))
        equal(conditionOf(body, "Ready")?.status, "True")
        says(body.status.notAfter, /^\d{4}-\d\d-\d\dT/)
      })
      const { body } = await wire("GET", path("secrets", `/${name}`))
      equal(body.type, "kubernetes.io/tls")
      for (const key of ["tls.crt", "tls.key"]) {
        says(Buffer.from(body.data[key], "base64").toString(), /^-----BEGIN /)
      }
    })
  }
}
