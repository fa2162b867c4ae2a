import type { SpecInput } from "./oci-spec.ts"
import profile from "./seccomp-profile.json" with { type: "json" }

const architectures: Readonly<Record<string, readonly string[]>> = {
  x64: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
  arm64: ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
}
/** Flags of clone that make namespaces. */
const newNamespaces = 0x7e02_0000
const noSuchCall = 38

/** Pure: which system calls a container may make; undefined: all of them. */
export function seccompOf(
  { config, seccompFile, host }: Pick<SpecInput, "config" | "seccompFile" | "host">,
  granted: readonly string[],
): object | undefined {
  const { privileged, seccomp } = config.security
  if (privileged || seccomp.kind === "unconfined") return undefined
  return seccomp.kind === "localhost" ? seccompFile : usualProfile(granted, host.architecture)
}

/** The profile that containerd has by default: what is not named is refused, and capabilities bring calls with them. */
export function usualProfile(granted: readonly string[], architecture: string): object {
  const allow = (names: readonly string[], args?: object[]) => ({
    names,
    action: "SCMP_ACT_ALLOW",
    ...(args && { args }),
  })
  const withCapability: Readonly<Record<string, readonly string[]>> = profile.withCapability
  const brought = granted.flatMap((name) => withCapability[name] ?? [])
  const guarded = granted.includes("CAP_SYS_ADMIN")
    ? []
    : [
        allow(["clone"], [{ index: 0, value: newNamespaces, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }]),
        // Its flags are in memory, where the kernel's filter does not look; libc falls back to clone.
        { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: noSuchCall },
      ]
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    architectures: architectures[architecture] ?? [],
    syscalls: [
      allow(profile.always),
      ...profile.personalities.map((value) => allow(["personality"], [{ index: 0, value, op: "SCMP_CMP_EQ" }])),
      ...guarded,
      ...(brought.length > 0 ? [allow(brought)] : []),
    ],
  }
}
