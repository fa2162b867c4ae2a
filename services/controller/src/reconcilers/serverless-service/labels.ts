const group = "networking.internal.knative.dev"

/** By which the objects of a ServerlessService are known. */
export const serviceLabel = `${group}/serverlessservice`
/** `Public`: where callers call. `Private`: the pods alone. */
export const typeLabel = `${group}/serviceType`
export const sliceOwnerLabel = "kubernetes.io/service-name"
export const sliceWriterLabel = "endpointslice.kubernetes.io/managed-by"
export const sliceWriter = "serverlessservice-controller.wick.dev"
/** Tells a cluster not to make slices of its own of our Endpoints. */
export const skipMirrorLabel = "endpointslice.kubernetes.io/skip-mirror"
