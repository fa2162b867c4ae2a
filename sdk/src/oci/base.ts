import { execFileSync } from "node:child_process"
import { realpathSync } from "node:fs"
import { fileEntry, textEntry } from "./files.ts"
import type { TarEntry } from "./tar.ts"

/** The user that functions run as unless their image says otherwise. */
export const nonRoot = "65532:65532"

/** What nearly every program expects of a system: users, a place for temporary files, name service, certificates. */
export function systemEntries(): TarEntry[] {
  return [
    textEntry(
      "/etc/passwd",
      "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n",
    ),
    textEntry("/etc/group", "root:x:0:\nnonroot:x:65532:\n"),
    textEntry("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
    { kind: "directory", path: "tmp", mode: 0o1777 },
    { kind: "directory", path: "home/nonroot", mode: 0o700, uid: 65532 },
    ...fileEntry("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs/ca-certificates.crt"),
  ]
}

/** A program of this machine at `at`, with the shared libraries that its dynamic linker would load. */
export function programEntries(program: string, at: string): TarEntry[] {
  const libraries = sharedLibraries(program).flatMap((path) => fileEntry(realpathSync(path), path, 0o755))
  return [...fileEntry(program, at, 0o755), ...libraries]
}

/** Absolute paths of a program's shared libraries and of its interpreter, as ldd tells them; none when it is static. */
function sharedLibraries(program: string): string[] {
  try {
    const listing = execFileSync("ldd", [program], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
    return [...listing.matchAll(/(?:=> )?(\/\S+) \(0x/g)].flatMap(([, path]) => (path ? [path] : []))
  } catch {
    return []
  }
}
