import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { nonRoot, programEntries, systemEntries } from "./base.ts"
import { entriesOf, textEntry } from "./files.ts"
import { createImage, createLayer, type Image } from "./image.ts"
import { javaScriptPath, toJavaScript } from "./javascript.ts"
import type { TarEntry } from "./tar.ts"

export interface NodeImageOptions {
  /** The function's directory, with a package.json. */
  readonly directory: string
  /** File to run; default: package.json's `main`, else index.ts or index.js. */
  readonly entrypoint?: string
}

const app = "app"
/**
 * The first process of a container ignores SIGTERM unless it says what to do: without this, a program that says nothing
 * would be waited for until its grace has passed.
 */
const endOnSignal = `data:text/javascript,${encodeURIComponent(
  'process.on("SIGTERM",()=>{if(process.listenerCount("SIGTERM")===1)process.exit(143)})',
)}`

/**
 * An image of a Node function without a base image to pull: this Node with its libraries (one layer, the same for all
 * functions), the sdk's function runtime, and the directory. Runs as a user without rights.
 */
export function nodeImage(options: NodeImageOptions): Image {
  const entrypoint = javaScriptPath(options.entrypoint ?? entrypointOf(options.directory))
  const node = createLayer([...systemEntries(), ...programEntries(process.execPath, "/usr/local/bin/node")])
  const runtime = createLayer(runtimeEntries())
  const own = createLayer(toJavaScript(entriesOf(options.directory, app, isShipped)))
  return createImage([node, runtime, own], {
    entrypoint: ["/usr/local/bin/node", `--import=${endOnSignal}`, `/${app}/${entrypoint}`],
    env: { NODE_ENV: "production" },
    workingDir: `/${app}`,
    user: nonRoot,
  })
}

function entrypointOf(directory: string): string {
  const manifest = join(directory, "package.json")
  const main = existsSync(manifest) && (JSON.parse(readFileSync(manifest, "utf8")) as { main?: string }).main
  const found = [main, "index.ts", "index.js", "index.mjs"].find((name) => name && existsSync(join(directory, name)))
  if (!found) throw new Error(`${directory} has no entry point: add index.ts, or "main" to package.json`)
  return found.replace(/^\.\//, "")
}

/** Tests do not run in production, and workspace links lead out of the image. */
function isShipped(path: string): boolean {
  return !/\.test\.ts$/.test(path) && !path.includes("node_modules/@wick")
}

/** `@wick/sdk/function` as plain JavaScript where the function's own imports find it. */
function runtimeEntries(): TarEntry[] {
  const sources = join(dirname(fileURLToPath(import.meta.url)), "..", "function")
  const root = "node_modules/@wick/sdk"
  const manifest = { name: "@wick/sdk", type: "module", exports: { "./function": "./function/index.js" } }
  const files = toJavaScript(entriesOf(sources, `${root}/function`, (path) => !/\.(test|bench)\.ts$/.test(path)))
  return [...files, textEntry(`${root}/package.json`, JSON.stringify(manifest))]
}
