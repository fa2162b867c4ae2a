import { join } from "node:path"
import { nodeImage, parseImageReference, pushImage } from "../../oci/index.ts"

/** Builds the function that cases deploy and pushes it to a registry; gives the image's name there. */
export async function pushSpecimen(registry: string): Promise<string> {
  const reference = parseImageReference("conformance-specimen", registry)
  if (!reference) throw new Error(`no image can be named in ${registry}`)
  await pushImage(nodeImage({ directory: join(import.meta.dirname, "specimen") }), reference)
  return `${registry}/conformance-specimen`
}
