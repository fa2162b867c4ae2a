import { existsSync, readFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { hostCommand } from "#network"
import { type ContainerSecurity, RuntimeError } from "../runtime.ts"

/** What containers are held to unless they ask for something else. */
export const usualProfile = "wick-default"

const enabledFile = "/sys/module/apparmor/parameters/enabled"
const loadedFile = "/sys/kernel/security/apparmor/profiles"
/** Loads profiles; without it the machine's operator has none either. */
const parser = "/sbin/apparmor_parser"

/** Whether AppArmor holds programs back on this machine. */
export function hasAppArmor(): boolean {
  return existsSync(parser) && existsSync(loadedFile) && readFileSync(enabledFile, "utf8").startsWith("Y")
}

/** Pure: the profile that a container is held to; undefined: none. */
export function appArmorOf({ appArmor, privileged }: ContainerSecurity, isThere: boolean): string | undefined {
  if (!isThere || appArmor?.kind === "unconfined") return undefined
  if (appArmor?.kind === "localhost") return appArmor.name
  return privileged ? undefined : usualProfile
}

/** Throws when a container asks for a profile that it cannot be held to: it would run with more rights than it was given. */
export async function requireProfile({ appArmor }: ContainerSecurity, isThere: boolean): Promise<void> {
  if (appArmor === undefined || appArmor.kind === "unconfined") return
  if (!isThere) throw new RuntimeError("failed", "AppArmor is not supported on this machine")
  if (appArmor.kind === "localhost" && !(await isLoaded(appArmor.name))) {
    throw new RuntimeError("failed", `AppArmor profile not found ${appArmor.name}: load it with apparmor_parser first`)
  }
}

/** Has the usual profile in the kernel. */
export async function loadUsualProfile(): Promise<void> {
  if (!(await isLoaded(usualProfile))) await hostCommand(parser, ["--replace", "--skip-cache"], usualRules)
}

/** Lines are of the form `name (mode)`. */
async function isLoaded(name: string): Promise<boolean> {
  const lines = (await readFile(loadedFile, "utf8")).split("\n")
  return lines.some((line) => line.slice(0, line.lastIndexOf(" (")) === name)
}

/**
 * Files, the network and capabilities are for other means to grant. What is refused is what would reach out of a container
 * through the kernel's own files, and other programs' signals and memory.
 */
export const usualRules = `
#include <tunables/global>

profile ${usualProfile} flags=(attach_disconnected,mediate_deleted) {
  #include <abstractions/base>

  network,
  capability,
  file,
  umount,
  deny mount,

  signal (receive) peer=unconfined,
  signal (receive) peer=crun,
  signal (receive) peer=runc,
  signal (send,receive) peer=${usualProfile},
  ptrace (trace,read,tracedby,readby) peer=${usualProfile},

  # Of /proc only the processes' own entries, and of the kernel's settings those of shared memory, are written.
  deny @{PROC}/* w,
  deny @{PROC}/{[^1-9],[^1-9][^0-9],[^1-9s][^0-9y][^0-9s],[^1-9][^0-9][^0-9][^0-9/]*}/** w,
  deny @{PROC}/sys/[^k]** w,
  deny @{PROC}/sys/kernel/{?,??,[^s][^h][^m]**} w,
  deny @{PROC}/{sysrq-trigger,kcore,mem,kmem} rwklx,

  # Of /sys nothing but cgroups.
  deny /sys/[^f]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
  deny /sys/fs/c[^g]*/** wklx,
  deny /sys/fs/cg[^r]*/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/kernel/security/** rwklx,
}
`
