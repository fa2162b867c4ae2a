/** Objects that cases begin with. No scheduler knows the name in the pods, so they stay where they are put. */

// biome-ignore lint/suspicious/noExplicitAny: a case changes whatever it is about, also into what no type allows.
export type Loose = any

export const schedulerName = "conformance-nobody"

export function configMap(name: string, data: Record<string, string> = { a: "1" }, metadata: object = {}): Loose {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...metadata }, data }
}

export function pod(name: string, spec: object = {}, metadata: object = {}): Loose {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, ...metadata },
    spec: { schedulerName, containers: [{ name: "app", image: "registry.example/app:1" }], ...spec },
  }
}

export function deployment(name: string, spec: object = {}): Loose {
  const labels = { app: name }
  const template = { metadata: { labels }, spec: pod("").spec }
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, labels },
    spec: { replicas: 0, selector: { matchLabels: labels }, template, ...spec },
  }
}

export function service(name: string, spec: object = {}): Loose {
  return { apiVersion: "v1", kind: "Service", metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } }
}
