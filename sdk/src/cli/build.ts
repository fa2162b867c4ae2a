import { existsSync } from "node:fs"
import { join, resolve } from "node:path"
import { Command } from "commander"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { formatElapsed } from "./duration.ts"
import { homeDirectory, running } from "./home.ts"
import { withExamples } from "./target.ts"

const registryDefault = "127.0.0.1:5000"
const bytesPerMegabyte = 1_000_000

export function command(context: Context): Command {
  const build = new Command("build")
    .argument("[directory]", "directory with a function: a package.json, an index.ts, or a Dockerfile", ".")
    .requiredOption("-t, --tag <image>", "name of the image; without a registry it goes to Wick's own")
    .option("--entrypoint <file>", 'file to run (default: "main" of package.json, else index.ts)')
    .action((directory: string, options: { tag: string; entrypoint?: string }) => run(context, directory, options))
  return withExamples(
    build,
    "wick build examples/hello -t hello\nwick build . -t hello:v2 && wick deploy hello --image 127.0.0.1:5000/hello:v2",
  )
}

async function run(context: Context, directory: string, options: { tag: string; entrypoint?: string }): Promise<void> {
  const { formatImageReference, hasDockerfile, buildDockerfile, nodeImage, parseImageReference, pushImage } =
    await import("../oci/index.ts")
  const path = resolve(directory)
  if (!existsSync(path)) throw new CommandError(`there is no directory ${path}`, undefined, exitCodes.usage)
  const registry = running(homeDirectory(context.env))?.registry ?? registryDefault
  const reference = parseImageReference(options.tag, registry)
  if (!reference)
    throw new CommandError(
      `--tag ${options.tag}: is no image name; try one such as hello:v1`,
      undefined,
      exitCodes.usage,
    )
  const startedAt = context.clock.monotonic()
  const name = formatImageReference(reference)
  if (hasDockerfile(path)) {
    await buildDockerfile(path, reference)
  } else {
    const isFunction = ["package.json", "index.ts", "index.js", "index.mjs"].some((file) =>
      existsSync(join(path, file)),
    )
    if (!isFunction)
      throw new CommandError(`${path} is no function: it needs a package.json, an index.ts or a Dockerfile`)
    const image = nodeImage({ directory: path, ...(options.entrypoint && { entrypoint: options.entrypoint }) })
    const { pushedBytes, reusedBytes } = await pushImage(image, reference).catch((error: unknown) => {
      throw new CommandError(`cannot push ${name}: ${(error as Error).message}`, "wick status", exitCodes.unreachable)
    })
    const megabytes = (bytes: number): string => `${(bytes / bytesPerMegabyte).toFixed(1)} MB`
    context.err(`  pushed ${megabytes(pushedBytes)}, ${megabytes(reusedBytes)} were there already\n`)
  }
  context.err(`image built in ${formatElapsed(context.clock.monotonic() - startedAt)}\n`)
  context.out(`${name}\n`)
}
