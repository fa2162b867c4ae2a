import type { Pod } from "@wick/sdk/api/core/pod"
import type { Random } from "@wick/sdk/clock"

type PodSpec = Pod["spec"]
type Container = PodSpec["containers"][number]

/** Where a process in a pod finds its token, the authority's certificate and its namespace. */
const mountPath = "/var/run/secrets/kubernetes.io/serviceaccount"
/** An hour and a little, so that what is refreshed every hour is refreshed in time. */
const tokenSeconds = 3607
const readableByAll = 0o644
const namePrefix = "kube-api-access-"
const suffixLength = 5
/** No vowels: no words by chance. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789"

/** Pure: the spec with the account's token mounted in every container that mounts nothing else there. */
export function withToken(spec: PodSpec, random: Random): PodSpec {
  const containers = [...(spec.initContainers ?? []), ...spec.containers]
  if (containers.every(mountsThere)) return spec
  const present = (spec.volumes ?? []).find((volume) => volume.name.startsWith(namePrefix))
  const name = present?.name ?? namePrefix + suffix(random)
  const mounted = (container: Container): Container =>
    mountsThere(container)
      ? container
      : { ...container, volumeMounts: [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath }] }
  return {
    ...spec,
    volumes: present ? (spec.volumes ?? []) : [...(spec.volumes ?? []), tokenVolume(name)],
    containers: spec.containers.map(mounted),
    ...(spec.initContainers && { initContainers: spec.initContainers.map(mounted) }),
  }
}

function mountsThere(container: Container): boolean {
  return (container.volumeMounts ?? []).some((mount) => mount.mountPath === mountPath)
}

function tokenVolume(name: string): NonNullable<PodSpec["volumes"]>[number] {
  return {
    name,
    projected: {
      defaultMode: readableByAll,
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenSeconds, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        {
          downwardAPI: {
            items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
          },
        },
      ],
    },
  }
}

function suffix(random: Random): string {
  return Array.from({ length: suffixLength }, () => alphabet[random.below(alphabet.length)]).join("")
}
