/** Pure: what a pod's `image` says, as far as the kubelet must understand it. */

const defaultRegistry = "docker.io"

/** `localhost:5000/a/b:tag` → `localhost:5000`; `busybox` → `docker.io`. */
export function registryOf(image: string): string {
  const slash = image.indexOf("/")
  const first = slash === -1 ? "" : image.slice(0, slash)
  return first.includes(".") || first.includes(":") || first === "localhost" ? first : defaultRegistry
}

export function isImageName(image: string): boolean {
  const pattern =
    /^(?:[a-zA-Z0-9.-]+(?::\d+)?\/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/
  return pattern.test(image)
}

/** Whether the image is to be asked for even when one of that name is here. */
export function pullPolicy(image: string, stated: string | undefined): "Always" | "IfNotPresent" | "Never" {
  if (stated === "Always" || stated === "IfNotPresent" || stated === "Never") return stated
  if (image.includes("@")) return "IfNotPresent"
  const last = image.slice(image.lastIndexOf("/") + 1)
  return !last.includes(":") || last.endsWith(":latest") ? "Always" : "IfNotPresent"
}
