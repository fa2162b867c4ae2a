import { fileURLToPath } from "node:url"
import { CommandError } from "./context.ts"

/** Path of one of the platform's programs, which this command runs as processes of their own. */
export function platformProgram(name: "main" | "backup"): string {
  try {
    return fileURLToPath(import.meta.resolve(`@wick/all-in-one/${name}`))
  } catch {
    throw new CommandError(
      "this command was installed alone, without the platform it would start",
      "npm install @wick/all-in-one, or use --kubeconfig of a cluster that runs Wick",
    )
  }
}
