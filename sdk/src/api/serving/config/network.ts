import { bool, choice, int32, template, text } from "./reading.ts"
import { labelSelector } from "./selector.ts"
import { defineMap, type Setting, setting, unset } from "./setting.ts"

const unsupported = (key: string) => (given: string) =>
  `${key} with value: ${JSON.stringify(given)} in config-network ConfigMap is not supported`

function tls(key: string, description: string, ...aliases: string[]): Setting<"Enabled" | "Disabled"> {
  return setting(choice(["Enabled", "Disabled"], unsupported(key)), "Disabled", description, ...aliases)
}

const domainTrial = {
  Name: "foo",
  Namespace: "bar",
  Domain: "baz.com",
  Labels: new Map<string, string>(),
  Annotations: new Map<string, string>(),
}

/** Names, addresses and certificates of routes. */
export const networkMap = defineMap(
  "config-network",
  "Names, addresses and certificates of routes.",
  {
    "ingress-class": setting(
      text,
      "wick.ingress.networking.knative.dev",
      "Who carries out the Ingresses of routes without a class annotation. Do not change it while there are routes.",
      "ingress.class",
    ),
    "certificate-class": setting(
      text,
      "wick.certificate.networking.knative.dev",
      "Who makes the Certificates of routes without a class annotation. Do not change it while there are routes.",
      "certificate.class",
    ),
    "domain-template": setting(
      template("domain-template", domainTrial),
      "{{.Name}}.{{.Namespace}}.{{.Domain}}",
      "Name of a route's host: a Go template over .Name, .Namespace, .Domain, .Labels and .Annotations. Without the namespace two routes may want the same host.",
      "domainTemplate",
    ),
    "tag-template": setting(
      template("tag-template", { Name: "foo", Tag: "v2" }),
      "{{.Tag}}-{{.Name}}",
      "What takes the place of .Name in the host of a tag: a Go template over .Tag and .Name.",
      "tagTemplate",
    ),
    "rollout-duration": setting(
      int32,
      "0",
      "Seconds over which traffic moves to a new revision. 0: at once.",
      "rolloutDuration",
    ),
    "autocreate-cluster-domain-claims": setting(
      bool,
      "false",
      "Whether a DomainMapping claims its domain by itself. If not, an administrator gives domains to namespaces by ClusterDomainClaims.",
      "autocreateClusterDomainClaims",
    ),
    "default-external-scheme": setting(
      choice(["http", "https"], unsupported("default-external-scheme")),
      "http",
      "Scheme of the URLs of routes without a certificate; https where something in front of the gateway has one.",
      "defaultExternalScheme",
    ),
    "external-port": setting(
      int32,
      "80",
      "Port at which clients reach the gateway; shown in URLs unless it is the scheme's own.",
    ),
    "external-https-port": setting(
      int32,
      "443",
      "Port at which clients reach the gateway by TLS; shown in URLs unless it is 443.",
    ),
    "http-protocol": setting(
      choice(
        ["Enabled", "Disabled", "Redirected"],
        (given) => `httpProtocol ${given} in config-network ConfigMap is not supported`,
      ),
      "Enabled",
      "What plain HTTP gets where there is a certificate: Enabled (an answer), Redirected (the way to https), Disabled (nothing).",
      "httpProtocol",
    ),
    "external-domain-tls": tls(
      "external-domain-tls",
      "Whether hosts that are reached from outside get certificates.",
      "auto-tls",
      "autoTLS",
    ),
    "cluster-local-domain-tls": tls(
      "cluster-local-domain-tls",
      "Whether hosts that are reached from inside the cluster get certificates.",
    ),
    "system-internal-tls": tls(
      "system-internal-tls",
      "Whether activators speak TLS to the queue-proxies beside containers. There are none here, so it changes nothing.",
    ),
    "system-internal-tls-allow-serve-mode": setting(
      bool,
      "false",
      "Whether the activator may step aside although the parts of the platform speak TLS to each other.",
    ),
    "namespace-wildcard-cert-selector": unset(
      labelSelector,
      'matchExpressions:\n- key: "kubernetes.io/metadata.name"\n  operator: "NotIn"\n  values: ["kube-system"]',
      "Namespaces whose hosts share one certificate for all names below the namespace's domain.",
    ),
    "enable-mesh-pod-addressability": setting(
      bool,
      "false",
      "Whether pods can be reached by address although a mesh is in between.",
    ),
    "mesh-compatibility-mode": setting(
      choice(["auto", "enabled", "disabled"], unsupported("mesh-compatibility-mode")),
      "auto",
      "Whether pods are reached by the address of their Service (enabled), by their own (disabled), or as it goes (auto).",
    ),
  },
  (values) => {
    const rollout = values["rollout-duration"]
    const host = values["domain-template"].execute(domainTrial)
    return [
      ...(rollout < 0 ? [`rollout-duration must be a positive integer, but was ${rollout}`] : []),
      ...(host.split("/")[0] === "" ? ["empty hostname"] : []),
      ...(host.includes("/") ? [`domain template has url path: ${host.slice(host.indexOf("/"))}`] : []),
    ]
  },
)
