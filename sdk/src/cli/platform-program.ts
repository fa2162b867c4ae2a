import { CommandError } from "./context.ts"

/** Path of one of the platform's programs, which this command runs as processes of their own. */
export function platformProgram(name: "main" | "backup"): string {
  try {
    return new URL(import.meta.resolve(`@wick/all-in-one/${name}`)).pathname
  } catch {
    throw new CommandError(
      "this command was installed alone, without the platform it would start",
      "npm install @wick/all-in-one, or use --kubeconfig of a cluster that runs Wick",
    )
  }
}
