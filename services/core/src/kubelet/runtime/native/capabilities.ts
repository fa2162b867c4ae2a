import type { ContainerSecurity } from "../runtime.ts"

/** What a container may do unless it is told otherwise. */
const usual = [
  "CHOWN",
  "DAC_OVERRIDE",
  "FSETID",
  "FOWNER",
  "MKNOD",
  "NET_RAW",
  "SETGID",
  "SETUID",
  "SETFCAP",
  "SETPCAP",
  "NET_BIND_SERVICE",
  "SYS_CHROOT",
  "KILL",
  "AUDIT_WRITE",
]

/** In the kernel's order: a capability's place is its number. */
const names = (
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE " +
  "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN " +
  "SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE " +
  "MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
).split(" ")

/** Pure: the capabilities in a mask such as `/proc/self/status` has. */
export function capabilitiesIn(mask: string): string[] {
  const bits = BigInt(`0x${mask || "0"}`)
  return names.filter((_, number) => ((bits >> BigInt(number)) & 1n) === 1n).map((name) => `CAP_${name}`)
}

/** Pure: what a container may do. `ALL` is meant first, names after it, and what is dropped by name is not had. */
export function capabilities(
  { privileged, addCapabilities, dropCapabilities }: ContainerSecurity,
  available: readonly string[],
): string[] {
  if (privileged) return [...available]
  const add = addCapabilities.map(full)
  const drop = dropCapabilities.map(full)
  const start = add.includes("CAP_ALL") ? available : drop.includes("CAP_ALL") ? [] : usual.map(full)
  const had = new Set([...start, ...add.filter((name) => name !== "CAP_ALL")])
  for (const name of drop) had.delete(name)
  return [...had]
}

function full(name: string): string {
  const upper = name.toUpperCase()
  return upper.startsWith("CAP_") ? upper : `CAP_${upper}`
}
