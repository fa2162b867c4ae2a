import { BackupOptionError } from "./backup-error.ts"

/** Where a backup is kept: small files by name. Each call ends or is given up after a while, see `callTimeoutMs`. */
export interface Destination {
  /** For messages to people. */
  readonly place: string
  /** Resolves when the file is there whole, and will be after a crash. */
  put(name: string, bytes: Uint8Array): Promise<void>
  /** Throws NotInBackupError when there is none of this name. */
  get(name: string): Promise<Buffer>
  /** Names of all files. */
  list(): Promise<readonly string[]>
  /** Also when it is not there. */
  remove(name: string): Promise<void>
}

export type Place =
  | { readonly kind: "directory"; readonly path: string }
  | {
      readonly kind: "s3"
      readonly bucket: string
      /** Empty, or with a slash at its end. */
      readonly prefix: string
      /** With `endpoint` the bucket is the first part of the path, else of the host's name, as Amazon wants it. */
      readonly endpoint: string | undefined
      readonly region: string
    }

const forms = "file:///directory or s3://bucket/prefix?endpoint=https://host:port&region=name"

/** Reads `file:///dir` and `s3://bucket/prefix?endpoint=…&region=…`. Throws BackupOptionError. */
export function readPlace(text: string): Place {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const wrong = (why: string): BackupOptionError => new BackupOptionError(`${text}: ${why}; must be ${forms}`)
  if (url === undefined) throw wrong("is no address")
  if (url.username !== "" || url.password !== "") {
    throw new BackupOptionError(
      "credentials do not belong in the address of a backup: give them in a file or in the environment",
    )
  }
  if (url.protocol === "file:") {
    if (url.host !== "" || url.pathname === "/") throw wrong("names no directory")
    return { kind: "directory", path: decodeURIComponent(url.pathname) }
  }
  if (url.protocol !== "s3:") throw wrong(`${url.protocol} is not known`)
  if (url.host === "") throw wrong("names no bucket")
  const { endpoint, region = "us-east-1", ...rest } = Object.fromEntries(url.searchParams)
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw wrong(`${unknown} is not known`)
  if (endpoint !== undefined && !/^https?:\/\/[^/]+\/?$/.test(endpoint))
    throw wrong(`endpoint ${endpoint} is no address`)
  const prefix = decodeURIComponent(url.pathname).replaceAll(/^\/+|\/+$/g, "")
  return {
    kind: "s3",
    bucket: url.host,
    prefix: prefix === "" ? "" : `${prefix}/`,
    endpoint: endpoint?.replace(/\/$/, ""),
    region,
  }
}

/** The destination at a place; what speaks to a distant one is loaded only for that. */
export async function openDestination(place: Place, credentialsPath: string | undefined): Promise<Destination> {
  if (place.kind === "directory") {
    const { openDirectory } = await import("./directory-destination.ts")
    return openDirectory(place.path)
  }
  const [{ readCredentials }, { openBucket }] = await Promise.all([
    import("./credentials.ts"),
    import("./s3-destination.ts"),
  ])
  return openBucket(place, await readCredentials(credentialsPath))
}
