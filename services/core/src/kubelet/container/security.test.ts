import type { Pod } from "@wick/sdk/api/core/pod"
import { expect, it } from "vitest"
import { containerSecurity } from "./security.ts"

const appArmorAnnotation = "container.apparmor.security.beta.kubernetes.io/main"

it.each([
  ["nothing", {}, undefined, undefined],
  ["the pod's profile", { ofPod: { type: "RuntimeDefault" } }, undefined, { kind: "runtime-default" }],
  [
    "its own before the pod's",
    { own: { type: "Localhost", localhostProfile: "mine" }, ofPod: { type: "RuntimeDefault" } },
    undefined,
    { kind: "localhost", name: "mine" },
  ],
  ["none, as it asks for", { own: { type: "Unconfined" } }, undefined, { kind: "unconfined" }],
  ["the one of an annotation", {}, "localhost/mine", { kind: "localhost", name: "mine" }],
  ["the runtime's by annotation", {}, "runtime/default", { kind: "runtime-default" }],
  ["none by annotation", { ofPod: { type: "RuntimeDefault" } }, "unconfined", { kind: "unconfined" }],
])("a container is held by AppArmor to %s", (_, { own, ofPod }: Profiles, annotation, expected) => {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", ...(annotation && { annotations: { [appArmorAnnotation]: annotation } }) },
    spec: {
      securityContext: { appArmorProfile: ofPod },
      containers: [{ name: "main", image: "i", securityContext: { appArmorProfile: own } }],
    },
  } as unknown as Pod
  const [container] = pod.spec.containers
  if (!container) throw new Error("a pod has a container")
  const image = { id: "i", tags: [], digests: [], sizeBytes: 0, user: undefined, pinned: false }
  expect(containerSecurity(pod, container, image as never, "/seccomp").appArmor).toEqual(expected)
})

interface Profiles {
  readonly own?: { readonly type: string; readonly localhostProfile?: string }
  readonly ofPod?: { readonly type: string }
}
