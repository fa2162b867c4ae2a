import { join } from "node:path"
import { nodeImage, parseImageReference, pushImage } from "@wick/sdk/oci"

/** Pushes the image `echo`, a function whose answers and mistakes tests choose by environment and query. */
export async function buildTestImages(registry: string): Promise<void> {
  const reference = parseImageReference("echo", registry)
  if (!reference) throw new Error(`no image can be named in ${registry}`)
  await pushImage(nodeImage({ directory: join(import.meta.dirname, "echo") }), reference)
}
