import { execFileSync, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { formatImageReference, type ImageReference } from "./image-reference.ts"

/** Whether a directory is built by its Dockerfile. */
export function hasDockerfile(directory: string): boolean {
  return existsSync(join(directory, "Dockerfile")) || existsSync(join(directory, "Containerfile"))
}

/** Builds a directory by its Dockerfile with the builder that this machine has, and pushes the result. */
export async function buildDockerfile(directory: string, to: ImageReference): Promise<void> {
  const name = formatImageReference(to)
  const steps = installed("buildah")
    ? buildah(directory, name)
    : installed("docker")
      ? docker(directory, name)
      : undefined
  if (!steps) {
    throw new Error(
      "a Dockerfile needs a builder: apt-get install buildah (or docker), or build a directory without one",
    )
  }
  for (const [command = "", ...args] of steps) await run(command, args)
}

function buildah(directory: string, name: string): string[][] {
  return [
    ["buildah", "build", "--tag", name, directory],
    ["buildah", "push", "--tls-verify=false", name, `docker://${name}`],
  ]
}

function docker(directory: string, name: string): string[][] {
  return [
    ["docker", "build", "--tag", name, directory],
    ["docker", "push", name],
  ]
}

function installed(command: string): boolean {
  try {
    execFileSync(command, ["--version"], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
}

/** The builder's own output goes to stderr: it is talk, not a result. */
function run(command: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", 2, 2] })
    child.once("error", reject)
    child.once("exit", (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ${args[0]} ended with ${code}`)),
    )
  })
}
