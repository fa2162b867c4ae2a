import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative, resolve } from "node:path"
import { parseArgs } from "node:util"
import { formatImageReference, type Image, nodeImage, ociArchive, parseImageReference, pushImage } from "@wick/sdk/oci"
import { rolldown } from "rolldown"
import { stringify } from "yaml"

/**
 * Builds the images of the three services, each this Node and one file of JavaScript, which run without rights on a
 * read-only file system:
 *
 *     npm run images -- --registry HOST/PREFIX [--tag TAG] [--out DIRECTORY]
 *
 * They are pushed to a registry that asks for no password, or with --archive written as OCI archives, for tools that
 * know passwords. DIRECTORY gets a kustomization that uses them: `kubectl apply -k DIRECTORY`. With --custom-metrics it has
 * the autoscaler serve custom.metrics.k8s.io too.
 */
const services = ["controller", "autoscaler", "activator"]
const root = resolve(import.meta.dirname, "..")

const { values } = parseArgs({
  options: {
    registry: { type: "string" },
    tag: { type: "string", default: "latest" },
    out: { type: "string", default: "wick-k8s" },
    archive: { type: "boolean", default: false },
    "custom-metrics": { type: "boolean", default: false },
  },
})
if (values.registry === undefined) {
  process.stderr.write("error: no registry is named\ntry:   npm run images -- --registry registry.example/wick\n")
  process.exit(2)
}

mkdirSync(values.out, { recursive: true })
const images = []
for (const service of services) {
  const reference = parseImageReference(`${values.registry}/${service}:${values.tag}`, "")
  if (!reference?.registry) {
    process.stderr.write(`error: ${values.registry}/${service}:${values.tag} is no image's name\n`)
    process.exit(2)
  }
  const image = await build(service)
  if (values.archive) {
    writeFileSync(join(values.out, `${service}.tar`), ociArchive(image, formatImageReference(reference)))
  } else await pushImage(image, reference)
  process.stdout.write(`${formatImageReference(reference)} ${image.manifest.digest}\n`)
  const { registry, repository } = reference
  images.push({ name: `wick/${service}`, newName: `${registry}/${repository}`, digest: image.manifest.digest })
}
const kustomization = {
  apiVersion: "kustomize.config.k8s.io/v1beta1",
  kind: "Kustomization",
  resources: [relative(values.out, join(root, "k8s"))],
  ...(values["custom-metrics"] && { components: [relative(values.out, join(root, "k8s", "custom-metrics"))] }),
  images,
}
writeFileSync(join(values.out, "kustomization.yaml"), stringify(kustomization))
process.stdout.write(`kubectl apply -k ${values.out}\n`)

async function build(service: string): Promise<Image> {
  const directory = mkdtempSync(join(tmpdir(), "wick-image-"))
  try {
    const bundle = await rolldown({
      input: join(root, "services", service, "src", "main.ts"),
      platform: "node",
      logLevel: "silent",
    })
    await bundle.write({ dir: directory, format: "esm", entryFileNames: "main.js", minify: true })
    await bundle.close()
    writeFileSync(join(directory, "package.json"), JSON.stringify({ name: service, type: "module", main: "main.js" }))
    return nodeImage({ directory })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
