import type { NewOf } from "@wick/sdk/api"
import type { Image } from "@wick/sdk/api/caching-internal/image"
import type { Revision } from "@wick/sdk/api/serving/revision"
import { labels } from "../../../labels.ts"
import { ownedBy } from "../../../owner.ts"
import { imageName } from "../names.ts"

/** One for each container, so that whoever likes can bring images to nodes before they are needed. */
export function desiredImages(
  { kind, apiVersion, metadata, spec }: Revision,
  images: Readonly<Record<string, string>>,
): NewOf<typeof Image>[] {
  const { serviceAccountName, imagePullSecrets } = spec
  return [...(spec.initContainers ?? []), ...spec.containers].map(({ name, image = "" }) => ({
    metadata: {
      name: imageName(metadata.name, name),
      namespace: metadata.namespace,
      labels: { ...metadata.labels, [labels.revision]: metadata.name, [labels.revisionUid]: metadata.uid ?? "" },
      ownerReferences: [ownedBy({ kind, apiVersion, metadata: { name: metadata.name, uid: metadata.uid ?? "" } })],
    },
    spec: {
      image: images[name] ?? image,
      ...(serviceAccountName && { serviceAccountName }),
      ...(imagePullSecrets && { imagePullSecrets }),
    },
  })) as NewOf<typeof Image>[]
}
