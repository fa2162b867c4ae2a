import { ConfigurationError, ContainerdError, NoSpaceError } from "@wick/core"
import { hostPort } from "@wick/sdk/host-port"

/** Why Wick does not start or go on, in words for its user: what is wrong, and what to do about it. */
export class Refusal extends Error {
  override name = "Refusal"
  readonly remedy: string
  readonly exitCode: number

  constructor(what: string, remedy: string, exitCode = 1) {
    super(what)
    this.remedy = remedy
    this.exitCode = exitCode
  }
}

interface SystemError {
  code?: string
  hostname?: string
  syscall?: string
  path?: string
  port?: number
  address?: string
}

const kernelSettings = "/proc/sys/"

/** In a container of others the kernel's settings are often read-only. */
function settingRefused(path: string): Refusal {
  const name = path.slice(kernelSettings.length).replaceAll("/", ".")
  return new Refusal(
    `this host does not let Wick set ${name} of the kernel to 1`,
    `set it yourself: sysctl -w ${name}=1`,
  )
}

/** The host's own errors that a user can mend, as a Refusal; any other error as it came. */
export function explain(error: unknown): unknown {
  if (error instanceof ConfigurationError)
    return new Refusal(error.message, "mend the file or the flags, and start again", 2)
  if (error instanceof ContainerdError)
    return new Refusal(error.message, "mend what it names, or develop without containers: wick up --runtime=process")
  if (error instanceof NoSpaceError) return new Refusal(error.message, "free some space and start again")
  const { code, path, port, address, hostname } = error as SystemError
  if (path?.startsWith(kernelSettings) && code !== undefined) return settingRefused(path)
  const place = hostPort(address ?? "", port ?? "")
  switch (code) {
    case "EADDRINUSE":
      return new Refusal(
        `${place} is in use by another program`,
        `free it (ss -ltnp 'sport = :${port}' names its owner) or choose another port by flag: wick up --help`,
      )
    case "EADDRNOTAVAIL":
      return new Refusal(`${address} is no address of this host`, "ip address show lists those that it has")
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new Refusal(
        `nobody knows the address of ${hostname}`,
        "give an address in its place, or mend name resolution",
      )
    case "ENOSPC":
    case "EDQUOT":
      return new Refusal(`no space left on the disk${path ? ` for ${path}` : ""}`, "free some space and start again")
    case "EACCES":
    case "EPERM":
      return new Refusal(
        `not allowed to use ${path ?? place}`,
        "run as root, or develop without containers: wick up --runtime=process",
      )
    case "EROFS":
      return new Refusal(`${path} is on a read-only file system`, "choose another directory with --home")
    default:
      return error
  }
}
