/**
 * What figures and spans say of the revision that they are of, by the names that Knative gives these attributes. Labels are
 * those of the Revision or of one of its children.
 */
export function revisionAttributes(
  namespace: string,
  name: string,
  labels: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  return {
    "k8s.namespace.name": namespace,
    "kn.service.name": labels?.["serving.knative.dev/service"] ?? "",
    "kn.configuration.name": labels?.["serving.knative.dev/configuration"] ?? "",
    "kn.revision.name": name,
  }
}
